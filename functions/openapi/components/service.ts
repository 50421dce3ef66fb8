import { health, liveness, readiness } from '../../../lib/client/health.js';
import { problem } from '../../../lib/client/problem.js';
import { openApiDocument } from '../endpoints/service.js';
import { component } from './component.js';

export const service = {
  Liveness: component(liveness, 'That the process answers.', { status: 'Always `ok`.' }),
  Readiness: component(readiness, 'Whether all that a stop needs works.', {
    status: '`degraded` if one of the ports is not healthy.',
    ports: 'What each part of the server says of itself.',
  }),
  Health: component(health, 'What one part of the server says of itself.', {
    name: 'The part.',
    ok: 'Whether it is healthy.',
    detail: 'What is wrong, or worth knowing.',
    aside: 'It does not prevent stops, so the server stays in service.',
  }),
  Problem: component(problem, 'Why a request was not carried out (RFC 9457).', {
    type: '`urn:killswitch:error:` and the code.',
    title: 'What the code means.',
    status: 'The HTTP status.',
    detail: 'What is wrong with this request. Absent for `internal`.',
    code: 'One of a closed list.',
    requestId: 'As in the header `x-request-id`, and in the log of the server.',
  }),
  OpenApiDocument: component(openApiDocument, 'A document in OpenAPI 3.1.', {
    openapi: 'The version of OpenAPI.',
  }),
};
