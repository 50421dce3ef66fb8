import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import Docker from 'dockerode';
import { withTimeout } from '../../../lib/util/with-timeout.js';
import { marksOf, type StartAgent } from './agent.js';
import { makeImage } from './image.js';
import { type ProcessMark, processesOf } from './process-marks.js';
import type { Workspace } from './workspace.js';

const CALL_MS = 10_000;
const PROCESSES = 3;
const WORK = "trap '' TERM; sleep 100000 & sleep 100000 & while :; do wait; sleep 1; done";

/** An engine that answers and holds the image of the demo. */
export interface DemoEngine {
  readonly name: string;
  readonly start: StartAgent;
  /** How many containers of these agents the engine knows, running or not, by their label. */
  count(agentIds: readonly string[]): Promise<number>;
}

/** An engine that does not answer, or not to the end, must not hold up the demonstration. */
const inTime = <T>(work: Promise<T>): Promise<T> =>
  withTimeout(work, CALL_MS, () => {
    throw new Error('the engine did not answer in time');
  });

/** @throws Error that says why no engine can be used */
export async function connectEngine(
  workspace: Workspace,
  dockerHost = 'unix:///var/run/docker.sock',
): Promise<DemoEngine> {
  const [, socketPath] = /^unix:\/\/(.+)$/.exec(dockerHost) ?? [];
  if (process.platform !== 'linux')
    throw new Error('the image is made from this machine’s tools, which needs Linux');
  if (socketPath === undefined) throw new Error('the engine is not on this machine');
  const docker = new Docker({ socketPath });
  const { Version } = await inTime(docker.version()).catch(cause => {
    throw new Error('no container engine answers', { cause });
  });
  const tag = `killswitch-demo:${workspace.runId}`;
  const mine = `killswitch.demo=${workspace.runId}`;
  const { label: agentLabel } = marksOf(workspace.runId);
  const find = (label: string) => inTime(docker.listContainers({ all: true, filters: { label: [label] } }));

  workspace.defer(() => inTime(docker.getImage(tag).remove({ force: true })).catch(unlessGone));
  workspace.defer(async () => {
    for (const { Id } of await find(mine)) {
      await inTime(docker.getContainer(Id).remove({ force: true, v: true })).catch(unlessGone);
    }
    if ((await find(mine)).length > 0) throw new Error('a container is still there');
  });
  await makeImage(docker, { root: join(workspace.directory, 'image'), tag });

  return {
    name: `Docker ${Version}`,
    async start(agentId, worktree) {
      const container = await inTime(
        docker.createContainer({
          Image: tag,
          Cmd: ['sh', '-c', WORK],
          Env: ['PATH=/bin'],
          Labels: { [agentLabel]: agentId, 'killswitch.demo': workspace.runId },
          WorkingDir: '/work',
          User: `${process.getuid?.()}:${process.getgid?.()}`,
          HostConfig: {
            NetworkMode: 'none',
            Mounts: [{ Type: 'bind', Source: worktree, Target: '/work' }],
          },
        }),
      );
      await inTime(container.start());
      const { id: containerId } = container;
      const { State } = await inTime(container.inspect());
      if (!State.Running) throw new Error('A container of the demo exited at once.');
      const marks = await untilComplete(containerId);
      return { agentId, runsAs: `container ${containerId.slice(0, 12)}`, containerId, marks, worktree };
    },
    async count(agentIds) {
      const found = await Promise.all(agentIds.map(agentId => find(`${agentLabel}=${agentId}`)));
      return found.flat().length;
    },
  };
}

/** 404: already gone; 409: its removal is in progress. Both are the wanted state. */
function unlessGone(error: unknown): void {
  const { statusCode } = error as { statusCode?: number };
  if (statusCode !== 404 && statusCode !== 409) throw error;
}

async function untilComplete(containerId: string): Promise<ProcessMark[]> {
  const deadline = performance.now() + 3_000;
  for (;;) {
    const marks = processesOf(containerId);
    if (marks.length >= PROCESSES || performance.now() > deadline) return marks;
    await delay(10);
  }
}
