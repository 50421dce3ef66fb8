import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import type { Deps } from '../../functions/http/function.js';
import { createMetrics } from '../../lib/adapters/prometheus.js';
import { observeCommits } from '../../lib/store/observe-commits.js';
import { fakeCore } from '../fakes/core.js';
import { findBinaries } from '../services/binaries.js';
import { openApp } from './bench.js';

/** An app whose store tells the metrics, as the composition root has it. */
function open(given: Pick<Deps, 'orphans'> = {}) {
  const bed = fakeCore();
  const metrics = createMetrics();
  const core = { ...bed.core, ...observeCommits(bed.core, metrics.written) };
  const notifiers = () => [{ name: 'OPS', delivered: 3, failed: 1, aside: 0, lagSeconds: 2.5 }];
  const bench = openApp({ bed: { ...bed, core }, metrics, notifiers, ...given });
  return { ...bench, metrics, scrape: async () => (await bench.send('GET /metrics', { token: null })).text };
}
const lines = (text: string, name: string): string[] =>
  text.split('\n').filter(line => line.startsWith(name) && !line.startsWith(`${name}_bucket`));

describe('the metrics', () => {
  it('are open, and in a format and under names that promtool takes', async () => {
    const { send, agent } = open();
    await agent('a1');
    await send('POST /agents/a1/kill');
    const answer = await send('GET /metrics', { token: null });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const { promtool } = findBinaries(['promtool']);
    const check = spawnSync(promtool, ['check', 'metrics'], { input: answer.text, encoding: 'utf8' });
    expect([check.stdout + check.stderr, check.status]).toEqual(['', 0]);
    expect(answer.text).toContain('process_cpu_seconds_total');
    expect(answer.text).toContain('nodejs_eventloop_lag_seconds');
  });

  it('say what ended agents left, where something looks for it', async () => {
    const without = await open().scrape();
    expect(lines(without, 'killswitch_orphan_processes')).toEqual([expect.stringMatching(/ nan$/i)]);
    const text = await open({ orphans: () => ({ processes: 3, memoryBytes: 4_096 }) }).scrape();
    expect(lines(text, 'killswitch_orphan')).toEqual([
      'killswitch_orphan_processes 3',
      'killswitch_orphan_memory_bytes 4096',
    ]);
  });

  it('are there before anything has happened', async () => {
    const text = await open().scrape();
    expect(lines(text, 'killswitch_kills_total')).toEqual([
      'killswitch_kills_total{result="accepted"} 0',
      'killswitch_kills_total{result="settled"} 0',
      'killswitch_kills_total{result="unconfirmed"} 0',
    ]);
    expect(text).toContain('killswitch_auth_failures_total 0');
    expect(text).toContain('killswitch_kill_seconds_count 0');
    expect(text).toContain('killswitch_pending_agents 0');
    expect(text).toContain('killswitch_latch_engaged 0');
  });

  it('count a path that two functions serve for the one that answers', async () => {
    const { send, scrape } = open();
    await send('GET /openapi.json', { token: null });
    expect(await scrape()).toContain('function="openapi"');
    expect(await scrape()).not.toContain('function="docs"');
  });

  it('count kills and how long they took, and name no agent', async () => {
    const { send, agent, scrape } = open();
    for (const agentId of ['secret-1', 'secret-2']) await agent(agentId);
    await send('POST /agents/secret-1/kill');
    expect(await scrape()).toContain('killswitch_kill_seconds_count 1');
    await send('POST /agents/kill-all', { body: { latch: true } });
    const text = await scrape();
    expect(text).toContain('killswitch_kills_total{result="settled"} 2');
    expect(text).toContain('killswitch_kill_seconds_count 2');
    expect(text).toContain('killswitch_audit_entries_total{operation="KILL_ALL_AGENTS",phase="settled"} 1');
    expect(text).toContain('killswitch_audit_entries_total{operation="ENGAGE_LATCH",phase="done"} 1');
    expect(text).not.toContain('secret-');
  });

  it('time a death once, however often its clean-up is reported, and only where it was seen', async () => {
    const { metrics, scrape } = open();
    const entry = {
      timestamp: '',
      operation: 'KILL_AGENT',
      actor: 'a',
      operationId: 'o',
      agentId: 'a1',
    } as const;
    const outcomes = [
      { layer: 'container', outcome: 'dead', deadAfterMs: 40 },
      { layer: 'process', outcome: 'alreadyGone', deadAfterMs: 60 },
      { layer: 'worktree', outcome: 'failed', deadAfterMs: 9_000 },
    ] as const;
    metrics.written([{ ...entry, phase: 'unconfirmed', outcomes }]);
    metrics.written([{ ...entry, phase: 'settled', outcomes }]);
    const unseen = [{ layer: 'container', outcome: 'failed' }] as const;
    metrics.written([{ ...entry, agentId: 'a2', phase: 'unconfirmed', outcomes: unseen }]);
    metrics.written([{ ...entry, agentId: 'a3', phase: 'settled' }]);
    const text = await scrape();
    expect(lines(text, 'killswitch_kill_seconds')).toEqual([
      'killswitch_kill_seconds_sum 0.06',
      'killswitch_kill_seconds_count 1',
    ]);
    expect(await scrape()).toContain('killswitch_kill_seconds_count 1');
  });

  it('count each request once, by function and status, also one that comes through a trigger', async () => {
    const { send, scrape, deps } = open();
    await send('GET /agents');
    await send('GET /agents', { token: 'killer' });
    await send('GET /nowhere');
    await send('GET /agents', { token: null });
    const { authenticator } = deps;
    const actor = await authenticator.authenticate('Bearer all');
    await deps.commandsFor(actor).agents.list();
    const text = await scrape();
    expect(lines(text, 'killswitch_http_requests_total')).toEqual([
      'killswitch_http_requests_total{function="agents",status="200"} 1',
      'killswitch_http_requests_total{function="agents",status="403"} 1',
      'killswitch_http_requests_total{function="none",status="404"} 1',
      'killswitch_http_requests_total{function="agents",status="401"} 1',
    ]);
    expect(text).toContain('killswitch_auth_failures_total 1');
  });

  it('say how it stands with those who are told', async () => {
    const text = await open().scrape();
    expect(text).toContain('killswitch_notifications_total{target="OPS",result="delivered"} 3');
    expect(text).toContain('killswitch_notifications_total{target="OPS",result="failed"} 1');
    expect(text).toContain('killswitch_notification_lag_seconds{target="OPS"} 2.5');
    expect(text).toContain('killswitch_notifications_refused{target="OPS"} 0');
  });

  it('say what this host owes and whether the latch is engaged, asking the store at most once a second', async () => {
    const { scrape, store, send, clock } = open();
    await send('POST /latch');
    const debt = { host: 'h1', dueAt: 5 };
    const document = { kind: 'agent', id: 'a1' } as const;
    await store.records.commit([{ document, expect: null, next: '{}', debt, audit: [] }]);
    const text = await scrape();
    expect(text).toContain('killswitch_pending_agents 1');
    expect(text).toContain('killswitch_latch_engaged 1');
    await store.records.commit([
      { document, expect: '{}', next: '{}', debt: { ...debt, dueAt: null }, audit: [] },
    ]);
    expect(await scrape()).toContain('killswitch_pending_agents 1');
    clock.advance(1_000);
    expect(await scrape()).toContain('killswitch_pending_agents 0');
  });

  it('leave out what a store that does not answer would have said, and tell the rest', async () => {
    const { scrape, store } = open();
    store.faults.fail('debts');
    store.faults.fail('read');
    const text = await scrape();
    expect(text).toContain('killswitch_pending_agents Nan');
    expect(text).toContain('killswitch_latch_engaged Nan');
    expect(text).toContain('killswitch_auth_failures_total 0');
  });
});
