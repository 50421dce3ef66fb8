import { expect, it } from 'vitest';
import { runCli } from '../integration/cli-run.js';

it.each([
  ['no command', [], 'Usage: killswitch'],
  ['an unknown command', ['stop'], "unknown command 'stop'"],
  ['an unknown option', ['kill', 'a1', '--force'], "unknown option '--force'"],
  ['no agent', ['kill'], "missing required argument 'id'"],
  ['an agent too many', ['kill', 'a1', 'a2'], 'too many arguments'],
  ['a bad agent ID', ['kill', '../etc'], 'must match'],
  ['a bad grace', ['kill-all', '--grace', '301'], 'from 0 to 300'],
  ['a short container ID', ['kill', 'a1', '--expect-container', 'abc'], '64 hexadecimal digits'],
  ['a bad URL', ['agents', '--url', 'localhost:1'], 'an http:// or https:// URL'],
  ['a bad label', ['agents', '--label', 'x'], 'must be name=value'],
  ['a bad status', ['kill-all', '--status', 'alive'], 'spawning, running'],
  ['a bad limit', ['agents', '--limit', '0'], 'whole number above 0'],
  ['an agent and a selection', ['agents', 'a1', '--task', 't1'], 'not both'],
  ['no scope', ['token', '--sub', 'x'], "required option '--scope"],
  ['no subject', ['token', '--scope', 'agents:kill'], "required option '--sub"],
  ['an unknown scope', ['token', '--sub', 'x', '--scope', 'all'], 'agents:kill, agents:kill-all'],
  ['a bad duration', ['token', '--sub', 'x', '--scope', 'agents:kill', '--ttl', '1'], '45s, 30m'],
  [
    'a token that servers would refuse',
    ['token', '--sub', 'x', '--scope', 'agents:kill', '--ttl', '401d'],
    'longer than servers allow (400d): use a shorter --ttl, or raise KILLSWITCH_TOKEN_MAX_AGE',
  ],
  [
    'an unknown function',
    ['serve', '--functions', 'kill,nope'],
    'Unknown function nope; the functions are kill, kill-all',
  ],
  ['two tasks', ['kill-all', '--task', 't1', '--task', 't2'], "'--task <id>' may be given only once"],
  ['two reasons', ['kill', 'a1', '--reason', 'x', '--reason=y'], "'--reason <text>' may be given only once"],
  ['two lifetimes', ['token', '--ttl', '1h', '--ttl', '2h'], "'--ttl <duration>' may be given only once"],
  ['an unknown sandbox', ['demo', '--sandbox', 'vm'], 'auto, docker, process'],
])('ends with 2 for %s', async (_, args, sentence) => {
  const { code, stdout, stderr } = await runCli(args);
  expect(stderr).toContain(sentence);
  expect(stderr).not.toMatch(/^\s+at /m);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
});

it('helps, and ends with 0', async () => {
  const { code, stdout, stderr } = await runCli(['--help']);
  for (const word of ['serve', 'demo', 'token', 'agents', 'kill <id>', 'kill-all', 'Exit codes']) {
    expect(stdout.replaceAll('[options] ', '')).toContain(word);
  }
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
});
