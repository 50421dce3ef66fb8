import { describe, expect, it } from 'vitest';
import { adoptFindings } from '../../../lib/discovery/adopt-findings.js';
import { actorWith } from '../../fakes/authenticator.js';
import { fakeCore } from '../../fakes/core.js';
import { bury, claude } from './findings.helper.js';

const found = [
  claude(42, { agentId: 'claude-s1' }),
  claude(43),
  { ...claude(44, { agentId: 'codex-44-4400' }), detector: 'codex' },
];
const outcomes = (all: readonly { readonly agentId: string; readonly outcome: string }[]) =>
  all.map(({ agentId, outcome }) => `${agentId} ${outcome}`);

describe('findings that a person adopts', () => {
  it('are chosen by agent ID, PID, ID of the finding, detector, or all', async () => {
    for (const [choice, chosen] of [
      [{ ids: ['claude-s1', '43'] }, ['claude-s1 adopted', 'claude-43-4300 adopted']],
      [{ ids: ['44:4400'] }, ['codex-44-4400 adopted']],
      [{ detectors: ['codex'] }, ['codex-44-4400 adopted']],
      [{ all: true }, ['claude-s1 adopted', 'claude-43-4300 adopted', 'codex-44-4400 adopted']],
      [{}, []],
    ] as const) {
      const { core } = fakeCore();
      expect(outcomes(await adoptFindings(core, actorWith(), found, choice))).toEqual(chosen);
    }
  });

  it('are answered each, those too that are no agents afterwards', async () => {
    const bed = fakeCore();
    await bury(bed, 'claude-s1');
    await adoptFindings(bed.core, actorWith(), found, { ids: ['43'] });
    const ids = ['42', '43', 'claude-s9'];
    expect(await adoptFindings(bed.core, actorWith(), found, { ids })).toEqual([
      { agentId: 'claude-s1', outcome: 'killed', why: expect.any(String) },
      { agentId: 'claude-43-4300', outcome: 'known' },
      {
        agentId: 'claude-s9',
        outcome: 'notFound',
        why: 'nothing that looks like an agent has this name here',
      },
    ]);
  });

  it('are found by the ID that they have in the records, and by the one that a scan shows', async () => {
    const { core } = fakeCore();
    await adoptFindings(core, actorWith(), [claude(42)], { all: true });
    for (const name of ['claude-42-4200', 'claude-s1']) {
      const again = await adoptFindings(core, actorWith(), found, { ids: [name] });
      expect(outcomes(again)).toEqual(['claude-42-4200 known']);
    }
  });

  it('are adopted only within what a credential covers, and none of them otherwise', async () => {
    const bed = fakeCore();
    const actor = { ...actorWith(), within: { agentId: 'claude-s1' } };
    await expect(adoptFindings(bed.core, actor, found, { all: true })).rejects.toMatchObject({
      code: 'forbidden',
    });
    expect(await bed.stored('claude-s1')).toBeUndefined();
  });
});
