import type { Config } from '../../lib/config/config.js';
import type { Enclosures } from '../../lib/ports/enclosure.js';

type Environment = Readonly<Record<string, string | undefined>>;

export interface Look {
  readonly startTime: string;
  readonly isStopped: boolean;
  /** The number of the signal, where it is known. */
  readonly stoppedBy?: number;
}

/** The git repository around a directory. */
export interface Repository {
  readonly repository: string;
  /** @returns the real path of the new worktree */
  addWorktree(path: string, branch: string): Promise<string>;
}

/** What `killswitch run` needs of this host. */
export interface RunHost extends Pick<Config, 'hostId' | 'agentVariable' | 'agentLabel' | 'worktreeRoots'> {
  readonly enclosures: Enclosures;
  lookAt(pid: number): Promise<Look | undefined>;
  /** Undefined if there is none. */
  openRepository(directory: string): Promise<Repository | undefined>;
  /** Of a command that is run as an agent. */
  readonly environment: NodeJS.ProcessEnv;
  /** Of the Docker command line, with the engine that the configuration file names. */
  readonly dockerEnvironment: NodeJS.ProcessEnv;
}

/** With one of these an agent could stop others, or reset the emergency stop. */
const CREDENTIAL = /^KILLSWITCH_.*(SECRET|TOKEN|KEY|PASSWORD)/;

/** The environment without the credentials of the emergency stop, which no agent may have. */
export const withoutCredentials = (environment: Environment): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(environment).filter(([name]) => !CREDENTIAL.test(name)));

/** @param configured the same, with the configuration file beneath it */
export function environmentsOf(
  given: Environment,
  configured: Environment,
): Pick<RunHost, 'environment' | 'dockerEnvironment'> {
  const environment = withoutCredentials(given);
  const engine = Object.entries(configured).filter(([name]) => name.startsWith('DOCKER_'));
  return { environment, dockerEnvironment: { ...environment, ...Object.fromEntries(engine) } };
}
