import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createHost } from '../../../lib/adapters/process/host.js';
import { scanHost } from '../../../lib/discovery/scan.js';
import type { Measurement } from '../bench.js';
import { alternate, timed } from '../measure.js';

const PROCESSES = 2_000;
export const SCAN = `a scan of ${PROCESSES.toLocaleString('en')} processes`;

/** They only sleep, and end with the shell that started them. */
async function sleepers(): Promise<ChildProcess> {
  const script = `for ((i = 0; i < ${PROCESSES}; i++)); do sleep 600 & done; echo ready; read; kill $(jobs -p)`;
  const shell = spawn('bash', ['-c', script], { stdio: ['pipe', 'pipe', 'ignore'] });
  await once(shell.stdout, 'data');
  return shell;
}

/** What `killswitch scan` does once its program is loaded, beside ps(1), which shows arguments and environments alone. */
export const scan: Measurement = {
  name: 'scan',
  about: SCAN,
  async run(bench) {
    const shell = await sleepers();
    try {
      const sources = {
        ...createHost(),
        containers: [],
        agentVariable: 'KILLSWITCH_AGENT_ID',
        agentLabel: '-',
      };
      const sides = [
        { name: 'killswitch', once: () => timed(() => scanHost(sources)) },
        {
          name: 'ps axeww',
          once: () =>
            timed(() => once(spawn('ps', ['axeww', '-o', 'pid=,command='], { stdio: 'ignore' }), 'exit')),
        },
      ];
      const series = await alternate(sides, { runs: bench.runs(15), warmUps: 1 });
      return [{ measurement: 'scan', title: SCAN, series }];
    } finally {
      const ended = once(shell, 'exit');
      shell.stdin?.end('\n');
      await ended;
    }
  },
};
