import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { type DemoAgent, marksOf, type StartAgent } from './agent.js';
import { isAlive, markOf, type ProcessMark, processesWith } from './process-marks.js';
import type { Workspace } from './workspace.js';

/** The variable that every process of one demo run carries. */
const RUN = 'KILLSWITCH_DEMO';
const WORK = "trap '' TERM; exec sleep 100000";

/** Three processes that ignore SIGTERM; the last is orphaned and in a session of its own. */
const AGENT = `
const { spawn } = require('node:child_process');
process.on('SIGTERM', () => {});
const child = spawn('sh', ['-c', ${JSON.stringify(WORK)}], { stdio: 'ignore' });
const middle = spawn('sh', ['-c', ${JSON.stringify(`(${WORK}) >/dev/null & echo $!`)}], {
  detached: true,
  stdio: ['ignore', 'pipe', 'ignore'],
});
middle.stdout.once('data', daemon => console.log(child.pid + ' ' + Number(daemon)));
setInterval(() => {}, 100000);
`;

/** Starts agents that are bare processes of this host. */
export function createHostAgents(workspace: Workspace, path: string | undefined): StartAgent {
  const { variable } = marksOf(workspace.runId);
  return async (agentId, worktree): Promise<DemoAgent> => {
    const root = spawn(process.execPath, ['-e', AGENT], {
      cwd: worktree,
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { PATH: path, [variable]: agentId, [RUN]: workspace.runId },
    });
    const pids = once(root.stdout, 'data', { signal: AbortSignal.timeout(10_000) });
    await once(root, 'spawn');
    const pid = root.pid as number;
    const marks: ProcessMark[] = [markOf(pid)];
    workspace.defer(() => end([...marks, ...processesWith(RUN, workspace.runId)]));
    marks.push(
      ...String((await pids)[0])
        .split(' ')
        .map(Number)
        .map(markOf),
    );
    root.stdout.destroy();
    root.unref();
    const [{ startTime } = {}] = marks;
    return {
      agentId,
      runsAs: `host process ${pid}`,
      ...(startTime !== undefined && { process: { pid, startTime } }),
      marks,
      worktree,
    };
  };
}

async function end(marks: readonly ProcessMark[]): Promise<void> {
  for (const mark of marks.filter(isAlive)) {
    try {
      process.kill(mark.pid, 'SIGKILL');
    } catch {
      // It ended in between.
    }
  }
  const deadline = performance.now() + 2_000;
  while (marks.some(isAlive)) {
    if (performance.now() > deadline) throw new Error('a process is still there');
    await delay(5);
  }
}
