import { createProgram } from '../../cli/program.js';
import { describeApi } from '../../openapi/document.js';
import { commandReference } from './commands.js';
import { httpReference } from './http.js';
import { settingsReference } from './settings.js';

/** The guides that are made and not written, by the names of their files. */
export const references = (): Readonly<Record<string, string>> => ({
  'http-reference.md': httpReference(describeApi()),
  'settings-reference.md': settingsReference(),
  'command-reference.md': commandReference(createProgram()),
});
