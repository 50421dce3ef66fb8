import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterFile } from '../../services/registry.js';
import { startSleeper } from '../../services/sleepers.js';
import type { Bench, Measurement } from '../bench.js';
import type { FlooderCommand, Flooding } from '../flooder.js';
import { now } from '../measure.js';
import { type BenchServer, startServer } from '../server.js';

export const FLOODED = 'request to death of a host process, one agent';
export const DURING_FLOOD = 'during the flood';
export const IDLE = 'idle';

const SLOW_CLIENTS = 300;
/** Requests a second, of bad tokens and of bad signatures each. */
const RATE = 100;
const PER_BLOCK = 20;
let count = 0;

interface Flood {
  begin(): Promise<void>;
  end(): Promise<void>;
}

async function openFlood(flooding: Flooding): Promise<Flood> {
  const child = fork(fileURLToPath(new URL('../flooder.ts', import.meta.url)), {
    execArgv: ['--import', 'tsx'],
  });
  afterFile(() => child.kill('SIGKILL'));
  await once(child, 'message');
  const order = async (what: FlooderCommand): Promise<void> => {
    const done = once(child, 'message');
    child.send(what);
    await done;
  };
  return { begin: () => order(flooding), end: () => order('stop') };
}

async function killOne(server: BenchServer, { watch }: Bench): Promise<number> {
  const agentId = `flood-${process.pid}-${count++}`;
  const { process: sleeper } = await startSleeper(agentId);
  await server.ask('PUT', `/agents/${agentId}`, { status: 'running', process: sleeper });
  const { seen } = await watch.deaths([sleeper.pid]);
  const asked = now();
  const [died] = await Promise.all([seen, server.ask('POST', `/agents/${agentId}/kill`, {})]);
  return died - asked;
}

export const flood: Measurement = {
  name: 'flood',
  about: 'one kill during 300 slow clients and a flood of bad tokens and bad signatures',
  async run(bench) {
    const more = { KILLSWITCH_SANDBOX: 'process', KILLSWITCH_WEBHOOK_SECRET: `whsec_${'A'.repeat(44)}` };
    const server = await startServer({ more });
    const flooding = await openFlood({ url: server.url, slowClients: SLOW_CLIENTS, rate: RATE });
    const samples: Record<'idle' | 'during', number[]> = { idle: [], during: [] };
    const block = async (kept?: number[]): Promise<void> => {
      for (let killed = 0; killed < PER_BLOCK; killed++) {
        const took = await killOne(server, bench);
        kept?.push(took);
      }
    };
    await block();
    for (let round = 0; round < bench.runs(5); round++) {
      const blocks = {
        idle: () => block(samples.idle),
        async during() {
          await flooding.begin();
          await block(samples.during);
          await flooding.end();
        },
      };
      const first = Math.random() < 0.5;
      await (first ? blocks.idle : blocks.during)();
      await (first ? blocks.during : blocks.idle)();
    }
    await server.end();
    const note = `${SLOW_CLIENTS} slow clients; bad tokens and bad signatures, ${RATE} a second each`;
    return [
      {
        measurement: 'flood',
        title: FLOODED,
        series: [
          { name: DURING_FLOOD, unit: 'ms', samples: samples.during, note },
          { name: IDLE, unit: 'ms', samples: samples.idle },
        ],
      },
    ];
  },
};
