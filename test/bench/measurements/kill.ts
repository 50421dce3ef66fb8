import type { Bench, Measurement } from '../bench.js';
import { firstKills, ourWay, type Servers, waysToDie } from '../deaths.js';
import { alternate } from '../measure.js';
import type { Result } from '../result.js';
import { startServer } from '../server.js';

export const ONE = 'request to last process dead, one container';
export const FIRST = 'request to last process dead, the first kill of a fresh process';
export const SIXTY = 'request to last process dead, 60 containers';

/** Takes the cgroups away from one process: in a mount namespace of its own they are covered. */
const WITHOUT_CGROUPS = [
  'unshare',
  '--mount',
  'sh',
  '-c',
  'mount -t tmpfs none /sys/fs/cgroup && exec "$@"',
  '-',
];

async function startServers(): Promise<Servers> {
  const [valkey, embedded, withoutKernel] = [
    await startServer(),
    await startServer({ store: 'sqlite' }),
    await startServer({ by: WITHOUT_CGROUPS }),
  ];
  return { valkey, embedded, withoutKernel };
}

const end = ({ valkey, embedded, withoutKernel }: Servers): Promise<unknown> =>
  Promise.all([valkey.end(), embedded.end(), withoutKernel.end()]);

const line = 'killing containers';

export const one: Measurement = {
  name: 'one',
  about: 'one container of 11 processes, until all are dead',
  async run(bench) {
    const servers = await startServers();
    const series = await alternate(waysToDie(servers, 1, bench), { runs: bench.runs(25), warmUps: 2 });
    await end(servers);
    return [{ measurement: 'one', title: ONE, series, size: 1, line }];
  },
};

export const first: Measurement = {
  name: 'first',
  about: 'one container of 11 processes, by the first request to a process that has just been started',
  async run(bench) {
    const series = await alternate(firstKills(bench), { runs: bench.runs(7), warmUps: 0 });
    return [{ measurement: 'first', title: FIRST, series }];
  },
};

async function between(servers: Servers, size: number, bench: Bench): Promise<Result> {
  const series = await alternate([ourWay(servers, size, bench)], { runs: bench.runs(3), warmUps: 0 });
  return {
    measurement: 'sixty',
    title: `request to last process dead, ${size} containers`,
    series,
    size,
    line,
  };
}

export const sixty: Measurement = {
  name: 'sixty',
  about: '60 containers of 11 processes, until all are dead',
  async run(bench) {
    const servers = await startServers();
    const some = await between(servers, 15, bench);
    const series = await alternate(waysToDie(servers, 60, bench), { runs: bench.runs(5), warmUps: 1 });
    await end(servers);
    return [some, { measurement: 'sixty', title: SIXTY, series, size: 60, line }];
  },
};
