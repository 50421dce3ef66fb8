import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { call, type ServerProcess, startBuiltServer, storeKinds } from '../services/server.js';
import { isLong, openRandom } from './random.helper.js';
import {
  expectEnded,
  expectKilled,
  isCommitted,
  openScene,
  type Scene,
  type Subject,
  stageOf,
  startSubjects,
  untilPaid,
} from './scene.helper.js';

interface Plan {
  readonly title: string;
  readonly agents: { readonly containers?: number; readonly processes?: number };
  /** Log lines at which the server may be killed, beside random moments. */
  readonly moments: readonly string[];
  readonly rounds: number;
}

const plans: readonly Plan[] = [
  {
    title: 'the kill of one agent in a container',
    agents: { containers: 1 },
    moments: ['agent marked killed', 'agent settled'],
    rounds: isLong ? 50 : 3,
  },
  {
    title: 'a kill-all over 30 processes',
    agents: { processes: 30 },
    moments: ['kill-all accepted', 'agent marked killed', 'agent settled', 'kill-all ended'],
    rounds: isLong ? 55 : 2,
  },
];
/** Milliseconds in which a random crash falls. */
const SPAN = 80;

const { random, pick, seed } = openRandom();
const cases = storeKinds.flatMap(store => plans.map(plan => ({ store, ...plan })));

describe(`SIGKILL to the server at any step (seed ${seed})`, () => {
  it.each(cases)(
    'during $title, with its records in $store, loses nothing and does nothing twice',
    async ({ store, ...plan }) => {
      const scene = await openScene(store);
      let server = await startBuiltServer(scene.environment);
      const stages = new Set<string>();
      for (let round = 0; round < plan.rounds; round++) {
        server = await survive(scene, server, plan, stages);
      }
      // As often as that, the crashes cannot all have come too early or too late.
      if (isLong) expect([...stages]).toEqual(expect.arrayContaining(['under way', 'settled']));
    },
    isLong ? 900_000 : 120_000,
  );
});

/** One round: agents start, a stop is asked for, the server dies amid it, and another one carries on. */
async function survive(
  scene: Scene,
  server: ServerProcess,
  { agents, moments }: Plan,
  stages: Set<string>,
): Promise<ServerProcess> {
  const subjects = await startSubjects(scene, server.url, agents);
  const bulk = subjects.length > 1;
  const path = bulk ? '/agents/kill-all' : `/agents/${subjects[0]?.agentId}/kill`;
  const since = new Date().toISOString();

  const answer = call(server.url, 'POST', path).catch(() => undefined);
  const moment = random() < 0.5 ? delay(random() * SPAN) : server.logged(pick(moments));
  await Promise.race([moment, answer]);
  await crash(server);
  const answered = await answer;
  stages.add(await stageOf(scene, since));

  let next = await startBuiltServer(scene.environment);
  if (random() < 0.25) {
    await delay(random() * SPAN);
    await crash(next);
    next = await startBuiltServer(scene.environment);
  }
  await untilPaid(scene);
  if (answered || (await isCommitted(scene, since))) {
    await expectKilled(scene, subjects, { since, bulk });
  } else {
    await expectUntouched(subjects);
    expect((await call(next.url, 'POST', path)).status).toBe(200);
    await expectKilled(scene, subjects, { since, bulk });
  }
  await expectEnded(scene, next.url, { since, killed: subjects.length });
  return next;
}

async function crash(server: ServerProcess): Promise<void> {
  server.signal('SIGKILL');
  await server.ended;
}

/** Nothing was written, so nothing may have been done. */
async function expectUntouched(subjects: readonly Subject[]): Promise<void> {
  expect(subjects.filter(subject => !subject.isAlive())).toEqual([]);
}
