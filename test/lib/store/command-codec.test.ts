import { describe, expect, it } from 'vitest';
import type { Command } from '../../../lib/domain/command.js';
import { decodeCommand, encodeCommand } from '../../../lib/store/command-codec.js';
import { triggerActor } from '../../../lib/triggers/api-request.js';
import { actorWith, narrowedTo } from '../../fakes/authenticator.js';
import { killAllOf, killOf } from '../../fakes/core.js';
import { signing } from '../../fakes/signing.js';

const requestedAt = '2026-11-22T10:00:00.000Z';

describe('a command written down', () => {
  it.each<[string, Command]>([
    ['of one agent', killOf('a1')],
    [
      'of one agent with all that can be said',
      killOf('a1', {
        reason: 'drill',
        requestId: 'req',
        graceSeconds: 5,
        expectedContainerId: 'c'.repeat(64),
        actor: { ...narrowedTo({ agentId: 'a1', taskId: 't1', host: 'h1' }), source: '203.0.113.7' },
      }),
    ],
    ['that a platform vouched for', killOf('a1', { actor: triggerActor('github:octocat', ['agents:kill']) })],
    ['of all agents', killAllOf()],
    ['of one that was active when the store was away', killOf('a1', { wereActive: ['a1'] })],
    [
      'of some agents',
      killAllOf({
        latch: true,
        selector: {
          agentIds: ['a1'],
          taskId: 't1',
          host: 'h1',
          status: ['running'],
          labels: { team: 'core' },
        },
        actor: actorWith({ kind: 'local', scopes: new Set(['agents:kill-all']) }),
      }),
    ],
  ])('%s is read again as it was, with when it was given', (_, command) => {
    expect(decodeCommand(signing, command.operationId, encodeCommand(signing, command, requestedAt))).toEqual(
      {
        ...command,
        requestedAt,
      },
    );
  });

  it('a second time keeps when it was first given', () => {
    const command = killOf('a1', { requestedAt });
    expect(
      decodeCommand(
        signing,
        command.operationId,
        encodeCommand(signing, command, '2027-01-01T00:00:00.000Z'),
      ),
    ).toMatchObject({
      requestedAt,
    });
  });

  it('holds no token ID', () => {
    const command = killOf('a1', { actor: actorWith({ tokenId: 'jti-1' }) });
    expect(
      decodeCommand(signing, command.operationId, encodeCommand(signing, command, requestedAt))?.actor,
    ).not.toHaveProperty('tokenId');
  });
});

describe('what is no command', () => {
  const good = JSON.parse(encodeCommand(signing, killAllOf(), requestedAt)) as Record<string, unknown>;

  it.each<[string, string]>([
    ['nothing', ''],
    ['torn', encodeCommand(signing, killOf('a1'), requestedAt).slice(0, -10)],
    ['something else', '[1]'],
    ['of an unknown type', JSON.stringify({ ...good, type: 'start' })],
    ['without a selector', JSON.stringify({ ...good, selector: undefined })],
    ['with a member that nobody knows', JSON.stringify({ ...good, selektor: {} })],
    ['of an ID that is none', JSON.stringify({ ...good, type: 'kill', agentId: '../x' })],
    ['without an actor', JSON.stringify({ ...good, actor: undefined })],
    [
      'of a scope that is none',
      JSON.stringify({ ...good, actor: { ...(good.actor as object), scopes: ['root'] } }),
    ],
  ])('is not taken for one: %s', (_, text) => {
    expect(decodeCommand(signing, 'op', text)).toBeUndefined();
  });
});
