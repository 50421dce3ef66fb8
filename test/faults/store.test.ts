import { Redis } from 'ioredis';
import { beforeAll, describe, expect, it } from 'vitest';
import { startServer } from '../integration/valkey-servers.js';
import { call, startBuiltServer } from '../services/server.js';
import { isLong } from './random.helper.js';
import {
  expectEndedOnce,
  expectKilled,
  type Scene,
  type Subject,
  startSubjects,
  uniqueId,
  untilPaid,
  untilSettled,
} from './scene.helper.js';
import { deafToWrites, type Fault, faults, openStoreScene, type StoreScene } from './store.helper.js';

const living = (subjects: readonly Subject[]): string[] =>
  subjects.filter(subject => subject.isAlive()).map(({ agentId }) => agentId);

/** What is not to be is not there some moments later, whatever the store knows of it. */
const expectDead = (subjects: readonly Subject[]): Promise<void> =>
  expect.poll(() => living(subjects), { timeout: 5_000 }).toEqual([]);

/** The store is back: all is written down, and nothing is owed. */
async function expectCaughtUp(
  scene: Scene & Pick<StoreScene, 'journal'>,
  subjects: readonly Subject[],
  since: string,
): Promise<void> {
  await expect.poll(scene.journal, { timeout: 30_000 }).toEqual([]);
  await untilSettled(scene, subjects);
  await expectKilled(scene, subjects, { since, bulk: false });
}

async function amid(fault: Fault, scene: StoreScene, act: () => Promise<void>): Promise<void> {
  await fault.strike(scene);
  try {
    await act();
  } finally {
    await fault.mend(scene);
  }
}

const order = (subjects: readonly Subject[]) => ({
  selector: { agentIds: subjects.map(({ agentId }) => agentId) },
});

/** Containers and processes. */
let mixed: StoreScene;
/** Only the containers' label is this test's own: to stop all processes would stop other tests' too. */
let contained: StoreScene;
beforeAll(async () => {
  [mixed, contained] = await Promise.all([
    openStoreScene(),
    openStoreScene({ KILLSWITCH_SANDBOX: 'docker' }),
  ]);
});

const plans = [
  { whom: 'all containers', agents: { containers: 3 }, isAll: true },
  { whom: 'named containers and processes', agents: { containers: 1, processes: 3 }, isAll: false },
] as const;
const moments = ['before', 'kill-all accepted', 'agent marked killed'] as const;
const cases = faults
  .flatMap(fault =>
    plans.flatMap(plan => moments.map(moment => ({ fault, ...plan, moment, title: fault.title }))),
  )
  .filter((_, index) => isLong || index % 5 === 0);

describe('a kill-all while Valkey goes away', () => {
  it.each(cases)(
    'stops $whom, and tells Valkey when it is back ($title, at: $moment)',
    async ({ fault, moment, agents, isAll }) => {
      const scene = isAll ? contained : mixed;
      const since = new Date().toISOString();
      const subjects = await startSubjects(scene, scene.server.url, agents);
      const body = isAll ? {} : order(subjects);
      const { length } = subjects;
      const kill = () => call(scene.server.url, 'POST', '/agents/kill-all', { body });
      if (moment === 'before') {
        await amid(fault, scene, async () => {
          const degraded = { degraded: true, total: length, killed: length };
          expect(await kill()).toMatchObject({ status: 202, body: degraded });
          expect(scene.journal()).toHaveLength(1);
          await expectDead(subjects);
        });
      } else {
        const marked = scene.server.logged(moment);
        const answer = kill();
        await marked;
        await amid(fault, scene, async () => {
          expect([200, 202]).toContain((await answer).status);
          await expectDead(subjects);
        });
      }
      await expectCaughtUp(scene, subjects, since);
    },
  );

  if (isLong) {
    it('writes once that it began and once how it ended, though a minute later perhaps', async () => {
      for (const scene of [mixed, contained]) {
        await untilPaid(scene);
        await expectEndedOnce(scene);
      }
    }, 150_000);
  }
});

describe('one kill while Valkey goes away', () => {
  it.each(faults)('stops the agent and answers 202 ($title)', async fault => {
    const scene = mixed;
    const since = new Date().toISOString();
    const subjects = await startSubjects(scene, scene.server.url, { containers: 1 });
    const { url } = scene.server;
    const path = `/agents/${subjects[0]?.agentId}`;
    const body = { degraded: true, agentId: subjects[0]?.agentId };
    // Nothing but a kill is allowed then.
    const other = { status: 503, body: { code: 'store_unavailable' } };
    await amid(fault, scene, async () => {
      expect(await call(url, 'POST', `${path}/kill`)).toMatchObject({ status: 202, body });
      expect(living(subjects)).toEqual([]);
      const spawning = { body: { status: 'spawning' } };
      expect(await call(url, 'PUT', `/agents/${uniqueId('new')}`, spawning)).toMatchObject(other);
      const completed = { body: { status: 'completed' } };
      expect(await call(url, 'PATCH', path, completed)).toMatchObject(other);
    });
    await expectCaughtUp(scene, subjects, since);
  });

  it('goes before what is written of its end when Valkey is back', async () => {
    const scene = mixed;
    const since = new Date().toISOString();
    const subjects = await startSubjects(scene, scene.server.url, { containers: 1 });
    const [{ agentId }] = subjects as [Subject];
    const { admin } = scene.valkey();
    const key = (await admin.keys(`*agent:${agentId}`))[0] ?? '';
    const completed = JSON.stringify({ ...JSON.parse((await admin.get(key)) ?? ''), status: 'completed' });
    const orchestrator = new Redis(`redis://${scene.valkey().address}`);
    let written: Promise<unknown> | undefined;
    await amid(deafToWrites, scene, async () => {
      const answer = await call(scene.server.url, 'POST', `/agents/${agentId}/kill`);
      expect(answer).toMatchObject({ status: 202, body: { degraded: true } });
      written = orchestrator.set(key, completed);
    });
    await written;
    orchestrator.disconnect();
    await expectCaughtUp(scene, subjects, since);
  });

  it('is carried on with after a SIGKILL to the server, from its journal', async () => {
    const scene = await openStoreScene();
    const since = new Date().toISOString();
    const subjects = await startSubjects(scene, scene.server.url, { containers: 1, processes: 1 });
    await scene.valkey().stop();
    const { body } = await call(scene.server.url, 'POST', '/agents/kill-all', { body: order(subjects) });
    scene.server.signal('SIGKILL');
    await scene.server.ended;
    expect(scene.journal()).toEqual([`${body.operationId}.json`]);
    const { url } = await startBuiltServer(scene.environment);
    await scene.restart('data');
    await expectCaughtUp(scene, subjects, since);
    expect((await call(url, 'GET', `/operations/${body.operationId}`)).body).toMatchObject({
      state: 'ended',
      receipt: { total: 2, killed: 2, failed: 0 },
    });
  });
});

describe('a Valkey that comes back with nothing', () => {
  it.each(['kill-all accepted', 'agent marked killed'])(
    'during a kill-all leaves nothing running (at: %s)',
    async moment => {
      const scene = await openStoreScene();
      const subjects = await startSubjects(scene, scene.server.url, { containers: 2, processes: 2 });
      const emptied = scene.server.logged(moment).then(async () => {
        await scene.valkey().stop();
        await scene.restart('nothing');
      });
      await call(scene.server.url, 'POST', '/agents/kill-all', { body: order(subjects) });
      await emptied;
      await expectDead(subjects);
      await expect.poll(scene.journal, { timeout: 30_000 }).toEqual([]);
      await untilPaid(scene);
      const list = () => call(scene.server.url, 'GET', '/agents');
      await expect.poll(list, { timeout: 10_000 }).toMatchObject({ status: 200, body: { agents: [] } });
    },
  );
});

describe('a Valkey that refuses', () => {
  it('as it is full, still takes a kill', async () => {
    const scene = mixed;
    const since = new Date().toISOString();
    const subjects = await startSubjects(scene, scene.server.url, { containers: 1, processes: 2 });
    const { admin } = scene.valkey();
    const full: Fault = {
      title: 'full',
      strike: () => admin.config('SET', 'maxmemory-policy', 'noeviction', 'maxmemory', '1'),
      mend: () => admin.config('SET', 'maxmemory', '0'),
    };
    await amid(full, scene, async () => {
      await expect(admin.set('one', 'more')).rejects.toThrow('OOM');
      const answer = await call(scene.server.url, 'POST', '/agents/kill-all', { body: order(subjects) });
      expect(answer).toMatchObject({ status: 200, body: { verified: true, killed: 3 } });
    });
    await expectCaughtUp(scene, subjects, since);
  });

  it.each([
    ['kill', { containers: 1 }],
    ['kill-all', { containers: 1, processes: 2 }],
  ])('as a read-only replica, does not keep a %s from stopping', async (name, agents) => {
    const scene = mixed;
    const since = new Date().toISOString();
    const subjects = await startSubjects(scene, scene.server.url, agents);
    const { admin } = scene.valkey();
    const master = await startServer();
    // It never gets its master's data, so what it has stays.
    await master.admin.config('SET', 'requirepass', 'another');
    const replica: Fault = {
      title: 'read-only',
      strike: () => admin.replicaof('127.0.0.1', master.port),
      mend: () => admin.replicaof('NO', 'ONE'),
    };
    const path = name === 'kill' ? `/agents/${subjects[0]?.agentId}/kill` : '/agents/kill-all';
    const body = name === 'kill' ? {} : order(subjects);
    await amid(replica, scene, async () => {
      const answer = await call(scene.server.url, 'POST', path, { body });
      expect(answer).toMatchObject({ status: 202, body: { degraded: true } });
      await expectDead(subjects);
    });
    await expectCaughtUp(scene, subjects, since);
  });

  it('as it has forgotten its scripts, is taught them again during a kill-all', async () => {
    const scene = mixed;
    const since = new Date().toISOString();
    const subjects = await startSubjects(scene, scene.server.url, { processes: 8 });
    const { admin } = scene.valkey();
    await admin.script('FLUSH');
    const flushed = scene.server.logged('agent marked killed').then(() => admin.script('FLUSH'));
    const answer = await call(scene.server.url, 'POST', '/agents/kill-all', { body: order(subjects) });
    await flushed;
    expect(answer).toMatchObject({ status: 200, body: { verified: true, killed: 8 } });
    await expectCaughtUp(scene, subjects, since);
  });
});
