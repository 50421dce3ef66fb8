import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { freezeDisk, mountDisk } from '../services/disk.js';
import { call, startBuiltServer } from '../services/server.js';
import { openScene, startSubjects, untilPaid, untilSettled } from './scene.helper.js';

/** Milliseconds for the whole of a kill while no disk answers: the store's deadline, and the journal's after it. */
const BOUND = 5_000;

it('kills while the disk of the embedded store and of the journal does not answer, and tells them when it is back', async () => {
  const scene = await openScene('sqlite', { KILLSWITCH_STATE_DIR: mountDisk('ext4', 64) });
  const server = await startBuiltServer(scene.environment);
  const subjects = await startSubjects(scene, server.url, { processes: 2 });
  const [first, second] = subjects.map(({ agentId }) => agentId);
  // Answers when the journal has its reserve: what fills it would hang, too.
  expect(await call(server.url, 'GET', '/readyz')).toMatchObject({ status: 200 });
  const { thaw } = freezeDisk(scene.environment['KILLSWITCH_STATE_DIR'] ?? '');
  try {
    const kills = [
      call(server.url, 'POST', `/agents/${first}/kill`),
      call(server.url, 'POST', '/agents/kill-all', { body: { selector: { agentIds: [second] } } }),
    ];
    for (const kill of kills) {
      const answer = await Promise.race([kill, delay(BOUND)]);
      expect(answer).toMatchObject({ status: 202, body: { degraded: true } });
    }
    expect(subjects.filter(subject => subject.isAlive())).toEqual([]);
    const reading = await call(server.url, 'GET', '/agents');
    expect(reading).toMatchObject({ status: 503, body: { code: 'store_unavailable' } });
    expect(await call(server.url, 'GET', '/healthz')).toMatchObject({ status: 200 });
  } finally {
    thaw();
  }
  await untilSettled(scene, subjects);
  await untilPaid(scene);
}, 120_000);
