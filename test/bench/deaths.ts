import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { cgroupsOfContainer } from '../services/cgroups.js';
import { engine } from '../services/containers.js';
import { type BenchAgent, pidsOf, registerAgents, rest, startAgents } from './agents.js';
import type { Bench } from './bench.js';
import { docker, idsOf, removeAll } from './docker.js';
import { now, type Side } from './measure.js';
import { writeRecords } from './records.js';
import { type BenchServer, startServer } from './server.js';

interface Way {
  readonly name: string;
  readonly server?: BenchServer;
  /** Takes aim; what it answers with shoots. */
  aim(agents: readonly BenchAgent[]): () => Promise<unknown>;
}

/** From the request until the last process is dead; the agents are new each time. */
function sideOf(
  { name, server, aim }: Way,
  size: number,
  { watch }: Bench,
  register: typeof registerAgents = registerAgents,
): Side {
  return {
    name,
    async once() {
      const agents = await startAgents(size, server);
      if (server) await register(server, agents);
      await rest(size);
      const shoot = aim(agents);
      const { seen } = await watch.deaths(pidsOf(agents));
      const asked = now();
      const [died] = await Promise.all([seen, shoot()]);
      await removeAll(agents);
      return died - asked;
    },
  };
}

const overHttp = (name: string, server: BenchServer): Way => ({
  name,
  server,
  aim:
    ([first, ...others]) =>
    () =>
      others.length === 0
        ? server.ask('POST', `/agents/${first?.agentId}/kill`, {})
        : server.ask('POST', '/agents/kill-all', {}),
});

/** The least that it takes: what the kernel needs to let them die, by whoever they are killed. */
const byHand: Way = {
  name: 'the kernel alone: cgroup.kill or kill(2), no program',
  aim: agents => {
    const groups = agents.map(({ container }) => killFileOf(container.id) ?? container.pids());
    return async () => {
      for (const group of groups) {
        if (typeof group === 'string') writeFileSync(group, '1');
        else for (const pid of group) process.kill(pid, 'SIGKILL');
      }
    };
  },
};

const killFileOf = (id: string): string | undefined =>
  cgroupsOfContainer(id)
    .map(directory => join(directory, 'cgroup.kill'))
    .find(existsSync);

const byApi: Way = {
  name: 'engine kill by API',
  aim: agents => () =>
    Promise.all(idsOf(agents).map(id => engine().getContainer(id).kill({ signal: 'SIGKILL' }))),
};

const byCommand = (...command: readonly string[]): Way => ({
  name: `docker ${command.join(' ')}`,
  aim: agents => () => docker(...command, ...idsOf(agents)),
});

const GRACE_SECONDS = 10;
/** How many the slow way is really done to. */
const FEW = 3;

/** What simple orchestrators do. */
const oneAfterAnother: Way = {
  name: 'stop, then remove, one by one',
  aim: agents => async () => {
    for (const id of idsOf(agents)) {
      const container = engine().getContainer(id);
      await container.stop({ t: GRACE_SECONDS });
      await container.remove({ force: true });
    }
  },
};

function serialSide(size: number, bench: Bench): Side {
  const really = bench.full ? size : Math.min(size, FEW);
  const side = sideOf(oneAfterAnother, really, bench);
  return {
    ...side,
    runs: 1,
    note:
      really === size
        ? `${GRACE_SECONDS} s of grace each, once`
        : `${GRACE_SECONDS} s of grace each; ${really} really, times ${size / really}`,
    once: async () => ((await side.once()) * size) / really,
  };
}

export interface Servers {
  readonly valkey: BenchServer;
  readonly embedded: BenchServer;
  readonly withoutKernel: BenchServer;
}

/** Ours first, then all the others. */
export const waysToDie = (servers: Servers, size: number, bench: Bench): Side[] => [
  ...[
    overHttp('killswitch', servers.valkey),
    overHttp('killswitch, embedded store', servers.embedded),
    overHttp('killswitch without the kernel path', servers.withoutKernel),
    byHand,
    byApi,
    byCommand('kill'),
    byCommand('rm', '-f'),
  ].map(way => sideOf(way, size, bench)),
  serialSide(size, bench),
];

/** Ours alone, for sizes between. */
export const ourWay = (servers: Servers, size: number, bench: Bench): Side =>
  sideOf(overHttp('killswitch', servers.valkey), size, bench);

/** Milliseconds that a fresh process is left alone before it is asked for the first time. */
const IDLE_MS = 2_000;

/** The first request of a process that has just been started, for an agent that another program registered. */
const firstOfFresh = (bench: Bench): Side => ({
  name: 'killswitch',
  async once() {
    const server = await startServer();
    try {
      await delay(IDLE_MS);
      return await sideOf(overHttp('killswitch', server), 1, bench, writeRecords).once();
    } finally {
      await server.end();
    }
  },
});

/** Ours in a process of its own each time, and what it is compared with. */
export const firstKills = (bench: Bench): Side[] => [firstOfFresh(bench), sideOf(byApi, 1, bench)];
