import { createProgram } from '../../cli/program.js';
import { describeApi } from '../../openapi/document.js';
import { commandReference } from './commands.js';
import { httpReference } from './http.js';
import { settingsReference } from './settings.js';

/** The generated guides, by their file names. */
export const references = (): Readonly<Record<string, string>> => ({
  'http-reference.md': httpReference(describeApi()),
  'settings-reference.md': settingsReference(),
  'command-reference.md': commandReference(createProgram()),
});
