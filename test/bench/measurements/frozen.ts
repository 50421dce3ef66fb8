import { inject } from '../../services/context.js';
import { pidsOf, registerAgents, rest, startAgents } from '../agents.js';
import type { Bench, Measurement } from '../bench.js';
import { removeAll } from '../docker.js';
import { alternate, now, type Side } from '../measure.js';
import { type BenchServer, startServer } from '../server.js';

export const FROZEN = 'request to last process dead, 15 containers, engine frozen';
const AGENTS = 15;

function frozen(name: string, pid: number, server: BenchServer, { watch }: Bench): Side {
  return {
    name,
    async once() {
      const agents = await startAgents(AGENTS, server);
      await registerAgents(server, agents);
      await rest(AGENTS);
      const { seen } = await watch.deaths(pidsOf(agents));
      process.kill(pid, 'SIGSTOP');
      try {
        const asked = now();
        const [died] = await Promise.all([seen, server.ask('POST', '/agents/kill-all', {})]);
        return died - asked;
      } finally {
        process.kill(pid, 'SIGCONT');
        await removeAll(agents);
      }
    },
  };
}

/** Only an engine of our own may be frozen. */
export const frozenEngine: Measurement = {
  name: 'frozen',
  about: '15 containers while dockerd or containerd is frozen',
  async run(bench) {
    const daemons = { dockerd: inject('dockerdPid'), containerd: inject('containerdPid') };
    const server = await startServer();
    const sides = Object.entries(daemons).flatMap(([name, pid]) =>
      pid === null ? [] : [frozen(`${name} frozen`, pid, server, bench)],
    );
    const series = await alternate(sides, { runs: bench.runs(3), warmUps: 0 });
    await server.end();
    return sides.length === 0 ? [] : [{ measurement: 'frozen', title: FROZEN, series }];
  },
};
