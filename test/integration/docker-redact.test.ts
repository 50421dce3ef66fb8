import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { redacted } from '../../lib/adapters/docker/redact.js';

const shown = (value: object) => JSON.parse(redacted(value));
const env = (...lines: string[]): string[] => shown({ Config: { Env: lines } }).Config.Env;

describe('what the engine says of a container', () => {
  it.each([
    'ANTHROPIC_API_KEY=abc',
    'GITHUB_TOKEN=x',
    'DB_PASSWORD=hunter2',
    'PGPASSWORD=hunter2',
    'AWS_SECRET_ACCESS_KEY=x',
    'MY_PAT=x',
    'SSH_KEY=x',
    'SENTRY_DSN=https://x@y/1',
    'SLACK_WEBHOOK_URL=https://hooks.example/x',
    'a secret name=x',
    'UNSUSPICIOUS=Zm9vYmFyMTIzNDU2Nzg5MGFiY2RlZg==',
    'X=ghp_0123456789abcdefghij0123456789abcdef',
    'X=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln',
  ])('does not show the value of %s', line => {
    const name = line.slice(0, line.indexOf('='));
    expect(env(line)).toEqual([`${name}=[redacted]`]);
  });

  it.each([
    'PATH=/usr/local/sbin:/usr/local/bin:/usr/bin',
    'PYTHONPATH=/opt/python3/lib/site-packages/of/something',
    'HOME=/root',
    'KILLSWITCH_AGENT_ID=agent-1',
    'GIT_AUTHOR_NAME=An Agent',
    'LANG=C.UTF-8',
    'KEYBOARD=us',
    'EMPTY_TOKEN=',
    'PASS_THROUGH=',
  ])('shows %s', line => {
    expect(env(line)).toEqual([line]);
  });

  it('does not show secrets in arguments, labels and texts either', () => {
    const seen = shown({
      Path: 'agent',
      Args: [
        '--token=abc',
        '--password',
        'hunter2',
        '--verbose',
        '--header',
        'Authorization: Bearer abcdefgh1',
      ],
      Config: {
        Cmd: ['run', '--api-key', 'abc', 'https://me:hunter2@host/x'],
        Labels: { 'com.example.token': 'abc', team: 'core' },
      },
    });
    expect(seen).toEqual({
      Path: 'agent',
      Args: [
        '--token=[redacted]',
        '--password',
        '[redacted]',
        '--verbose',
        '--header',
        'Authorization: Bearer [redacted]',
      ],
      Config: {
        Cmd: ['run', '--api-key', '[redacted]', 'https://me:[redacted]@host/x'],
        Labels: { 'com.example.token': '[redacted]', team: 'core' },
      },
    });
  });

  it('keeps what an investigation needs', () => {
    const id = '0123456789abcdef'.repeat(4);
    const value = {
      Id: id,
      Image: `sha256:${id}`,
      State: { ExitCode: 137, OOMKilled: true, FinishedAt: '2026-11-22T10:00:00Z' },
      HostConfig: { Binds: ['/srv/worktrees/a1:/work'], SecurityOpt: null, KernelMemory: 0 },
    };
    expect(shown(value)).toEqual(value);
  });

  it('is JSON of a bounded size in bounded time, whatever it holds', () => {
    fc.assert(
      fc.property(fc.jsonValue(), value => {
        expect(() => JSON.parse(redacted({ value }))).not.toThrow();
      }),
    );
    for (const odd of [
      'a'.repeat(300_000),
      'eyJ'.repeat(50_000),
      'a://'.repeat(50_000),
      '-----BEGIN '.repeat(20_000),
    ])
      expect(redacted({ Config: { Env: [`X=${odd}`], Cmd: [odd] } }).length).toBeLessThan(1 << 20);
    expect(shown({ value: 'x '.repeat(1 << 20) })).toEqual({ left: 'it was too long' });
  });
});

const LONG = 128 * 1024;
const repeated = (text: string, ...end: readonly string[]): string =>
  text.repeat(Math.floor(LONG / text.length)) + end.join('');

// With one pattern that goes back over what it has read, some of these would keep a server from stopping for minutes.
it.each([
  ['half of a JWT', repeated('eyJeeeeeee-')],
  ['half of a private key', repeated('-----BEGIN ', 'A')],
  ['a private key that never begins', `-----BEGIN ${repeated('A ')}`],
  ['a word before a token, and no token', `bearer${repeated('\t')}`],
  ['a scheme that never ends', repeated('a')],
  ['a scheme of many parts', repeated('a.', '://x:')],
  ['a URL without an end', `a://:${repeated('c')}`],
  ['one URL after the other', repeated('a://b:')],
  ['what is almost a key', repeated('0A0++0+A//+0+AAA', '\u0000')],
])('looks through a long text that holds %s', (_, text) => {
  for (const value of [{ Labels: { x: text } }, { Env: [`x=${text}`] }, { Cmd: [text] }]) {
    expect(() => redacted(value)).not.toThrow();
  }
});
