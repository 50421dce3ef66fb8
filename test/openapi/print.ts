import { describeApi } from '../../functions/openapi/document.js';

/* Prints the API document, for tools that read it from a file. */

console.log(JSON.stringify(describeApi(), null, 2));
