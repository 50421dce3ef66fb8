import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseRevocations } from '../../lib/domain/revocation.js';
import { temporaryDirectory } from '../services/agents.js';
import { call, SECRET, settings, startBuiltServer } from '../services/server.js';
import { runCli } from './cli-run.js';

const openFile = (text?: string): string => {
  const file = join(temporaryDirectory(), 'revoked');
  if (text !== undefined) writeFileSync(file, text);
  return file;
};

async function makeToken(...args: string[]): Promise<{ token: string; jti: string }> {
  const given = ['token', '--scope', 'agents:read', '--json', ...args];
  return JSON.parse((await runCli(given, { KILLSWITCH_SECRET: SECRET })).stdout);
}

it('revokes a token, and all of a subject, at a server that runs', async () => {
  const file = openFile('');
  const { url, log } = await startBuiltServer(settings('sqlite', { KILLSWITCH_REVOKED: file }));
  const [one, other] = [await makeToken('--sub', 'ops'), await makeToken('--sub', 'ops')];
  const mallory = await makeToken('--sub', 'mallory');
  const statusOf = async ({ token }: { token: string }) =>
    (await call(url, 'GET', '/agents', { token })).status;
  expect([await statusOf(one), await statusOf(other), await statusOf(mallory)]).toEqual([200, 200, 200]);

  const given = ['token', 'revoke', '--jti', one.jti, '--sub', 'mallory'];
  expect(await runCli(given, { KILLSWITCH_REVOKED: file })).toEqual({
    code: 0,
    stdout: `Revoked: jti ${one.jti}\nRevoked: sub mallory\nServers that read this list refuse it within a second.\n`,
    stderr: '',
  });
  await expect.poll(() => statusOf(one)).toBe(401);
  expect([await statusOf(mallory), await statusOf(other)]).toEqual([401, 200]);
  expect((await call(url, 'GET', '/readyz')).body.ports).toContainEqual(
    expect.objectContaining({ name: 'revocations', ok: true }),
  );
  expect(log.map(({ msg }) => msg)).toContain('The list of revocations was loaded');
});

it('adds to a list what is not in it, whatever its last line ends with, and makes one that is not there', async () => {
  const file = openFile('# by hand\nsub eve');
  const revoke = (...args: string[]) => runCli(['token', 'revoke', '--file', file, ...args]);
  expect((await revoke('--sub', 'eve', 'mallory')).stdout).toContain(
    'Already revoked: sub eve\nRevoked: sub mallory\n',
  );
  expect((await revoke('--sub', 'eve')).stdout).toContain('If the list is complete, append: # end 2\n');
  expect(readFileSync(file, 'utf8')).toBe('# by hand\nsub eve\nsub mallory\n');

  const { token, jti } = await makeToken('--sub', 'ops');
  const [held, fresh] = [openFile(token), openFile()];
  const json = await runCli(['token', 'revoke', '--file', fresh, '--token-file', held, '--json']);
  expect(JSON.parse(json.stdout)).toEqual({ revoked: [{ by: 'jti', value: jti }], added: 1 });
  expect(readFileSync(fresh, 'utf8')).toBe(`jti ${jti}\n# end 1\n`);
});

it('loses none of many that are revoked at once', async () => {
  const file = openFile();
  const subjects = Array.from({ length: 8 }, (_, at) => `s${at}`);
  await Promise.all(subjects.map(sub => runCli(['token', 'revoke', '--file', file, '--sub', sub])));
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  expect(lines.filter(line => !line.startsWith('#')).sort()).toEqual(subjects.map(sub => `sub ${sub}`));
  expect(parseRevocations(lines.join('\n'))).toMatchObject({ sub: new Set(subjects) });
});

it('writes it all the same, and says so, where servers will not take the list', async () => {
  const file = openFile('{}\n');
  const { code, stderr } = await runCli(['token', 'revoke', '--file', file, '--sub', 'eve']);
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr:
      'killswitch: Servers reject the list as it is: line 1 is neither "jti <id>" nor "sub <subject>". Fix it; until then they use the list that they read before.\n',
  });
  expect(readFileSync(file, 'utf8')).toBe('{}\nsub eve\n');
});

it.each([
  ['no list', ['--sub', 'x'], 'set KILLSWITCH_REVOKED'],
  ['nobody', ['--file', 'x'], '--jti, --sub or --token-file'],
  ['a subject that no line can hold', ['--file', 'x', '--sub', 'a\nb'], '1 to 256 printable characters'],
  ['an option of the other command', ['--file', 'x', '--scope', 'agents:kill'], "unknown option '--scope'"],
])('ends with 2 for %s', async (_, args, sentence) => {
  const { code, stderr } = await runCli(['token', 'revoke', ...args]);
  expect(stderr).toContain(sentence);
  expect(code).toBe(2);
});

it('ends with 1 and one sentence where a server is started with a list that is not there', async () => {
  const environment = settings('sqlite', { KILLSWITCH_REVOKED: openFile() });
  const sentence =
    'killswitch: The list of revocations cannot be used: there is no such file. Fix the file that KILLSWITCH_REVOKED names.\n';
  const { code, stdout, stderr } = await runCli(['serve'], { ...environment });
  expect({ code, stderr }).toEqual({ code: 1, stderr: sentence });
  expect(stdout).toContain('"why":"there is no such file","code":"ENOENT"');
  expect(stdout).toContain('"The list of revocations could not be loaded"');
  expect(stdout).not.toMatch(/ at /);
});
