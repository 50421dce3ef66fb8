/** What tests start and look at; all of it is ended after the test file that started it. */
import './context.js';

export { type AgentContainer, type ContainerOptions, engine, startContainer } from './containers.js';
export { isAlive, startTimeOf } from './proc.js';
export { type AgentProcess, type ProcessOptions, startProcess } from './processes.js';
export { addWorktree, git, makeRepository } from './repositories.js';
export { temporaryDirectory } from './temporary.js';
