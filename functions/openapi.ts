import type { KillswitchFunction } from './http/function.js';
import { openApiRoute } from './openapi/route.js';
import { runAlone } from './server/run-alone.js';

/** `/openapi.json`: the HTTP API, from the schemas that requests are checked with. */
export const openapi: KillswitchFunction = { name: 'openapi', routes: openApiRoute };

await runAlone(openapi);
