import { describe, expect, it } from 'vitest';
import { catalogue, named } from '../../functions/catalogue.js';
import { expectProblem, openApp } from './bench.js';

describe('the catalogue', () => {
  it('has each function under a name of its own', () => {
    expect(catalogue.map(({ name }) => name)).toEqual([
      'kill',
      'kill-all',
      'latch',
      'operations',
      'agents',
      'scan',
      'audit',
      'hooks',
      'chatops',
      'links',
      'health',
      'metrics',
      'openapi',
      'docs',
    ]);
  });

  it('gives those that are named', () => {
    expect(named(['health', 'kill']).map(({ name }) => name)).toEqual(['kill', 'health']);
    expect(named([])).toEqual([]);
  });

  it('names those that there are when one is unknown', () => {
    expect(() => named(['kill', 'maim', 'slay'])).toThrow(
      new RangeError(
        'Unknown function maim, slay; the functions are kill, kill-all, latch, operations, agents, scan, audit, hooks, chatops, links, health, metrics, openapi, docs',
      ),
    );
  });

  it('serves each function without the others', async () => {
    const { send, agent } = openApp({ functions: named(['kill']) });
    await agent('a1');
    const get = await send('GET /agents/a1/kill');
    expect(get.headers.get('allow')).toBe('POST');
    expectProblem(get, 405, 'method_not_allowed', 'Use POST');
    expectProblem(await send('GET /agents'), 404, 'not_found');
    expectProblem(await send('POST /agents/kill-all'), 404, 'not_found');
    expect((await send('POST /agents/a1/kill')).status).toBe(200);
  });
});
