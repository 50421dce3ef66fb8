import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { selectorSchema } from '../../../lib/domain/selector.js';
import { EVERYTHING, type Mapping, mapEvent, parseMapping } from '../../../lib/triggers/event-mapping.js';

function mappingOf(text: string): Mapping {
  const mapping = parseMapping(text);
  if (mapping !== EVERYTHING && 'problem' in mapping) throw new Error(mapping.problem);
  return mapping;
}
const map = (text: string, event: unknown) => mapEvent(mappingOf(text), event);

describe('a mapping', () => {
  it.each([
    ['agentIds=labels.agent_id', { labels: { agent_id: 'a1' } }, { agentIds: ['a1'] }],
    ['agentIds=agents', { agents: ' a1,a2  a3, ' }, { agentIds: ['a1', 'a2', 'a3'] }],
    ['agentIds=data.id', { data: { id: 4711 } }, { agentIds: ['4711'] }],
    [
      'taskId=task , host=labels.host',
      { task: 't 1', labels: { host: 'h1' } },
      { taskId: 't 1', host: 'h1' },
    ],
    ['labels.team=list.1', { list: ['x', 'core'] }, { labels: { team: 'core' } }],
    [
      'labels.app.kubernetes.io/name=a,labels.team=b,agentIds=c',
      { a: 'x', b: 'y', c: 'a1' },
      { agentIds: ['a1'], labels: { 'app.kubernetes.io/name': 'x', team: 'y' } },
    ],
    ['everything', {}, {}],
    ['everything', null, {}],
  ])('%j finds in %j what it names', (text, event, selector) => {
    expect(map(text, event)).toEqual({ selector });
  });

  it.each([
    ['labels.agent_id', {}, 'it has no labels.agent_id'],
    ['labels.agent_id', { labels: {} }, 'it has no labels.agent_id'],
    ['labels.agent_id', { labels: { agent_id: '' } }, 'it has no labels.agent_id'],
    ['labels.agent_id', { labels: { agent_id: null } }, 'it has no labels.agent_id'],
    ['labels.agent_id', { labels: { agent_id: { a: 1 } } }, 'it has no labels.agent_id'],
    ['labels.agent_id', { labels: 'agent_id' }, 'it has no labels.agent_id'],
    ['labels.agent_id', null, 'it has no labels.agent_id'],
    ['labels.length', { labels: 'agent_id' }, 'it has no labels.length'],
    ['constructor.name', {}, 'it has no constructor.name'],
    ['__proto__.name', {}, 'it has no __proto__.name'],
    ['x', { x: 'x'.repeat(1025) }, 'it has no x'],
    ['x', { x: 'a1 -a2' }, 'its x is not an agent ID'],
    ['x', { x: ' , ' }, 'its x is not an agent ID'],
    ['x', { x: 'a/b' }, 'its x is not an agent ID'],
    ['x', { x: 1.5e300 }, 'its x is not an agent ID'],
  ])('agentIds=%s selects no agent in %j', (path, event, problem) => {
    expect(map(`agentIds=${path}`, event)).toEqual({ problem });
  });

  it('selects no agent when one of its parts is missing: the others would select more', () => {
    expect(map('labels.team=team,taskId=task', { team: 'core' })).toEqual({ problem: 'it has no task' });
    expect(map('taskId=task,labels.team=team', { task: 't1' })).toEqual({ problem: 'it has no team' });
  });

  it.each([
    '',
    'Everything',
    'everything,agentIds=x',
    'agentIds',
    'agentIds=',
    '=x',
    'agentId=x',
    'agentIds=x,',
    'agentIds=x,,host=y',
    'agentIds=.x',
    'agentIds=x.',
    'agentIds=x..y',
    'agentIds=x=y',
    'agentIds=x y',
    'labels=x',
    'labels.=x',
    `labels.${'x'.repeat(129)}=x`,
    'status=x',
  ])('is none as %j', text => {
    expect(parseMapping(text)).toEqual({
      problem: 'must be like agentIds=labels.agent_id, or the word everything',
    });
  });

  it.each(['agentIds=a,agentIds=b', 'taskId=a,host=b,taskId=c', 'labels.team=a,labels.team=b'])(
    'names a member once, unlike %j: one of the two would be lost',
    text => {
      expect(parseMapping(text)).toEqual({ problem: expect.stringMatching(/^names \S+ twice$/) });
    },
  );

  it('never selects every agent except by the word, whatever the event is', () => {
    const name = fc.constantFrom('a', 'b', '0', 'length', 'constructor', '__proto__');
    const path = fc.array(name, { minLength: 1, maxLength: 3 }).map(names => names.join('.'));
    const member = fc.constantFrom('agentIds', 'taskId', 'host', 'labels.x', 'labels.__proto__');
    const parts = fc.uniqueArray(fc.tuple(member, path), { minLength: 1, selector: ([one]) => one });
    const event = fc.oneof(
      fc.jsonValue(),
      fc.object({ key: name, maxDepth: 3, values: [fc.string(), fc.integer(), fc.constant('a1')] }),
    );
    fc.assert(
      fc.property(parts, event, (wanted, given) => {
        const text = wanted.map(([one, where]) => `${one}=${where}`).join(',');
        const mapped = map(text, given);
        if ('problem' in mapped) return;
        const { labels = {}, ...members } = mapped.selector;
        expect(Object.keys(members).length + Object.keys(labels).length).toBe(wanted.length);
        expect(Object.values(labels).every(value => value !== '')).toBe(true);
        expect(selectorSchema.safeParse(mapped.selector).success).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
