import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { gzipSync } from 'node:zlib';
import { catalogue } from '../../../functions/catalogue.js';
import { bundleWorker } from '../../services/bundle.js';
import type { Measurement } from '../bench.js';
import { alternate, figure, type Side, timed } from '../measure.js';
import type { Series } from '../result.js';
import { startServer } from '../server.js';

export const IMPORT = 'import to listening';
export const START = 'start of the process to listening';
export const REST = 'memory at rest';
export const EDGE = 'edge bundle, gzipped';

/** What every program on Node pays. */
const bareNode: Side = {
  name: 'node that does nothing',
  once: () =>
    timed(async () => {
      const child = spawn(process.execPath, ['-e', ''], { stdio: 'ignore' });
      await once(child, 'exit');
    }),
};

async function edgeBundle(): Promise<number> {
  const { script } = await bundleWorker();
  return gzipSync(script).length / 1024;
}

export const start: Measurement = {
  name: 'start',
  about: 'each function alone and all together, until they listen; memory at rest; the bundle for the edge',
  async run(bench) {
    const resident = new Map<string, number>();
    const started = new Map<string, number[]>();
    const sideOf = (name: string, entry: readonly string[]): Side => ({
      name,
      async once() {
        const server = await startServer({ entry, store: 'sqlite' });
        resident.set(name, server.memory().resident);
        await server.end();
        started.set(name, [...(started.get(name) ?? []), server.took.start]);
        return server.took.import;
      },
    });
    const sides = [
      sideOf('kill', ['functions/kill.js']),
      ...catalogue
        .filter(({ name }) => name !== 'kill')
        .map(({ name }) => sideOf(name, [`functions/${name}.js`])),
      sideOf('all', ['functions/cli/main.js', 'serve']),
      bareNode,
    ];
    const runs = bench.runs(5);
    const series = await alternate(sides, { runs, warmUps: runs > 1 ? 1 : 0 });
    const processes = [...started].map(
      ([name, samples]): Series => ({ name, samples: samples.slice(-runs), unit: 'ms' }),
    );
    return [
      { measurement: 'start', title: IMPORT, series: series.filter(({ name }) => name !== bareNode.name) },
      {
        measurement: 'start',
        title: START,
        series: [...processes, ...series.filter(({ name }) => name === bareNode.name)],
      },
      {
        measurement: 'start',
        title: REST,
        series: [...resident].map(([name, size]) => figure(name, size, 'MB')),
      },
      { measurement: 'start', title: EDGE, series: [figure('worker', await edgeBundle(), 'KB')] },
    ];
  },
};
