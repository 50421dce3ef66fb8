import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AGENT_ID, statuses } from '../../../lib/domain/agent.js';
import { selectorSchema } from '../../../lib/domain/selector.js';
import { parseTextCommand } from '../../../lib/triggers/text-command.js';

describe('a phrase', () => {
  it.each([
    ['kill a1', { verb: 'kill', agentId: 'a1' }],
    ['  KILL   a1  it leaks\tkeys ', { verb: 'kill', agentId: 'a1', reason: 'it leaks keys' }],
    ['kill a1 task=t1', { verb: 'kill', agentId: 'a1', reason: 'task=t1' }],
    ['all', { verb: 'all', selector: {} }],
    ['kill-all', { verb: 'all', selector: {} }],
    ['All they all leak', { verb: 'all', selector: {}, reason: 'they all leak' }],
    [
      'all task=t1 host=h1 leaking',
      { verb: 'all', selector: { taskId: 't1', host: 'h1' }, reason: 'leaking' },
    ],
    ['all agent=a1 agent=a2', { verb: 'all', selector: { agentIds: ['a1', 'a2'] } }],
    ['all status=running status=spawning', { verb: 'all', selector: { status: ['running', 'spawning'] } }],
    [
      'all label:team=core label:app.kubernetes.io/name=x= label:empty=',
      { verb: 'all', selector: { labels: { team: 'core', 'app.kubernetes.io/name': 'x=', empty: '' } } },
    ],
    ['all task=t1 since x=1', { verb: 'all', selector: { taskId: 't1' }, reason: 'since x=1' }],
    [
      'latch label:team=core drill',
      { verb: 'latch', selector: { labels: { team: 'core' } }, reason: 'drill' },
    ],
    ['reset keys rotated', { verb: 'reset', reason: 'keys rotated' }],
    ['reset', { verb: 'reset' }],
    ['status', { verb: 'status' }],
    ['help', { verb: 'help' }],
    ['', { verb: 'help' }],
    [' \n ', { verb: 'help' }],
  ])('is understood: %j', (text, phrase) => {
    expect(parseTextCommand(text)).toEqual(phrase);
  });

  it.each([
    ['kill', 'kill needs the ID of an agent'],
    ['kill ../a1', '../a1 is not an agent ID'],
    ['kill a1, please', 'a1, is not an agent ID'],
    ['stop a1', 'stop is not a command'],
    ['constructor', 'constructor is not a command'],
    ['all agent=-', 'agent=- is not part of a selector'],
    ['all task=', 'task= is not part of a selector'],
    ['all host=', 'host= is not part of a selector'],
    ['all status=asleep', 'status=asleep is not part of a selector'],
    ['all label:=x', 'label:=x is not part of a selector'],
    ['all label=team', 'label=team is not part of a selector'],
    ['latch tsk=t1', 'tsk=t1 is not part of a selector'],
  ])('is told what is wrong with it: %j', (text, problem) => {
    expect(parseTextCommand(text)).toEqual({ verb: 'help', problem });
  });

  it.each([
    'agent-id=a1',
    'task_id=t1',
    'labels.team=core',
    'Agent=a1',
    'label_team=core',
    'agent1=a1',
    'étiquette=x',
  ])('does not select every agent for a misspelt selector: %s', word => {
    expect(parseTextCommand(`all ${word}`)).toEqual({
      verb: 'help',
      problem: `${word} is not part of a selector`,
    });
  });

  it.each(['agent=a1', 'task=t1', 'host=h1', 'status=running', 'label:team=core'])(
    'does not select every agent for a selector that comes too late: %s',
    word => {
      const problem = `${word} must stand before the reason`;
      expect(parseTextCommand(`all leaking keys ${word}`)).toEqual({ verb: 'help', problem });
    },
  );

  it('has a reason of at most 1000 characters', () => {
    const long = 'x'.repeat(2000);
    for (const text of [`kill a1 ${long}`, `all ${long}`, `reset ${long}`]) {
      expect(parseTextCommand(text)).toHaveProperty('reason', 'x'.repeat(1000));
    }
  });

  it('keeps labels of every name', () => {
    const phrase = parseTextCommand('all label:__proto__=x');
    expect(Object.entries('selector' in phrase ? (phrase.selector.labels ?? {}) : {})).toEqual([
      ['__proto__', 'x'],
    ]);
  });
});

describe('whatever is said', () => {
  it('is answered, and selects nothing but what was named', () => {
    const word = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 12 }),
      fc.constantFrom('all', 'kill', 'latch', 'agent=a1', 'label:a=b', 'task=t1', 'x=y', '='),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 6 }), words => {
        const phrase = parseTextCommand(words.join(' '));
        if (phrase.verb === 'kill') expect(phrase.agentId).toMatch(AGENT_ID);
        if (phrase.verb !== 'all' && phrase.verb !== 'latch') return;
        expect(selectorSchema.safeParse(phrase.selector).success).toBe(true);
        const named = words.join(' ').includes('=');
        const told = phrase.reason?.includes('=') || Object.keys(phrase.selector).length > 0;
        expect(told).toBe(named);
      }),
      { numRuns: 500 },
    );
  });

  it('in the words of a selector selects just that', () => {
    const value = fc.stringMatching(/^[\w.:-]{1,20}$/);
    const id = fc.stringMatching(/^[A-Za-z0-9][\w.:-]{0,20}$/);
    const options = { requiredKeys: [] };
    const selector = fc.record(
      {
        agentIds: fc.array(id, { minLength: 1, maxLength: 3 }),
        taskId: value,
        host: value,
        status: fc.uniqueArray(fc.constantFrom(...statuses), { minLength: 1 }),
        labels: fc.dictionary(value, value, { minKeys: 1, maxKeys: 3 }),
      },
      options,
    );
    fc.assert(
      fc.property(selector, wanted => {
        const { agentIds = [], taskId, host, status = [], labels = {} } = wanted;
        const words = [
          ...agentIds.map(agentId => `agent=${agentId}`),
          ...(taskId === undefined ? [] : [`task=${taskId}`]),
          ...(host === undefined ? [] : [`host=${host}`]),
          ...status.map(name => `status=${name}`),
          ...Object.entries(labels).map(([name, text]) => `label:${name}=${text}`),
        ];
        const reason = { reason: 'it leaks' };
        expect(parseTextCommand(['all', ...words, 'it leaks'].join(' '))).toEqual({
          verb: 'all',
          selector: wanted,
          ...reason,
        });
      }),
    );
  });
});
