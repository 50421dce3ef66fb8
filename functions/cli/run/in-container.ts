import { execFile, spawn, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { follow, type Started } from './agent.js';

export interface ContainerOptions {
  readonly agentId: string;
  readonly image: string;
  readonly label: string;
  readonly command: readonly string[];
  /** Mounted at its own path, and where the command runs. */
  readonly worktree: string | undefined;
  /** Of the Docker command line. */
  readonly env: NodeJS.ProcessEnv;
  readonly isInteractive: boolean;
  /** Called with the ID when the container is made and not started yet; rejects if it may not be. */
  readonly register: (containerId: string) => Promise<void>;
}

const DOCKER = 'docker';
const ID = /^[0-9a-f]{64}$/;
/** A container's name has no colon. */
const nameOf = (agentId: string): string => `killswitch-${agentId.replaceAll(':', '-')}`;

/**
 * Makes a container with the agent's label, registers it, and starts it in this terminal. The command line of Docker
 * does it, because it hands over the terminal, signals and the exit code as its users know it.
 */
export async function startInContainer(options: ContainerOptions): Promise<Started> {
  const { agentId, image, label, command, worktree, env, isInteractive, register } = options;
  const quietly = (...args: string[]) =>
    void spawnSync(DOCKER, args, { env, stdio: 'ignore', timeout: 30_000 });
  const mounted = worktree === undefined ? [] : [`--volume=${worktree}:${worktree}`, `--workdir=${worktree}`];
  const id = await create([
    ...['--interactive', ...(isInteractive ? ['--tty'] : [])],
    ...[`--name=${nameOf(agentId)}`, `--label=${label}=${agentId}`, ...mounted],
    ...[image, ...command],
  ]);
  try {
    await register(id);
  } catch (error) {
    quietly('rm', '--force', id);
    throw error;
  }
  return {
    ...follow(spawn(DOCKER, ['start', '--attach', '--interactive', id], { env, stdio: 'inherit' })),
    left: () => [],
    kill: () => quietly('kill', id),
    async ended() {
      const said = await inspect('{{.State.Running}}', id).catch(() => '');
      return said !== 'true';
    },
    close: async () => undefined,
  };

  async function inspect(format: string, container: string): Promise<string> {
    const args = ['inspect', '--type=container', `--format=${format}`, container];
    return (await promisify(execFile)(DOCKER, args, { env, timeout: 10_000 })).stdout.trim();
  }

  /** Pulling an image may take minutes, and is shown. */
  async function create(args: readonly string[]): Promise<string> {
    const child = spawn(DOCKER, ['create', ...args], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    child.stdout.on('data', (part: Buffer) => {
      said += part;
    });
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    }).catch(() => undefined);
    if (code === undefined)
      throw new Error('the docker command cannot be run: install it, or put it in PATH');
    const id = said.trim().split('\n').at(-1) ?? '';
    if (code === 0 && ID.test(id)) return id;
    throw new Error('docker could not make the container');
  }
}
