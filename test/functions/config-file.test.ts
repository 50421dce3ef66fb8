import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withConfigFile } from '../../functions/server/config-file.js';
import { configFilesOf } from '../../functions/server/places.js';
import { ConfigError } from '../../lib/config/config-error.js';

type Environment = Readonly<Record<string, string | undefined>>;

const SECRET = 'do not show this secret to anybody, please';
let folder: string;
let count = 0;
/** A configuration file with this text, for its owner alone. */
function file(text: string, mode = 0o600): string {
  const path = join(folder, `${count++}.env`);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}
const read = (text: string, env: Environment = {}) =>
  withConfigFile({ ...env, KILLSWITCH_CONFIG: file(text) }).variables;

function problemsOf(path: string): readonly string[] {
  try {
    withConfigFile({ KILLSWITCH_CONFIG: path });
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'killswitch-config-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('a configuration file', () => {
  it('gives the variables of ours, and no other', () => {
    const text = `# The server's.
HOST=0.0.0.0
  PORT=8000
DOCKER_HOST=unix:///run/docker.sock

KILLSWITCH_STORE=redis://:p%23ss@h:6379/1?a=b&c=d
KILLSWITCH_SECRET='${SECRET} # $x "y" \\z'
KILLSWITCH_AUDIENCE="a b#c"
KILLSWITCH_ISSUER=
NODE_OPTIONS=--require=/tmp/x.js
PATH=/tmp\r
`;
    expect(read(text, { PATH: '/bin' })).toEqual({
      KILLSWITCH_CONFIG: expect.any(String),
      PATH: '/bin',
      HOST: '0.0.0.0',
      PORT: '8000',
      DOCKER_HOST: 'unix:///run/docker.sock',
      KILLSWITCH_STORE: 'redis://:p%23ss@h:6379/1?a=b&c=d',
      KILLSWITCH_SECRET: `${SECRET} # $x "y" \\z`,
      KILLSWITCH_AUDIENCE: 'a b#c',
      KILLSWITCH_ISSUER: '',
    });
  });

  it('gives way to the environment, also where one of them names a file of the secret', () => {
    const text = 'PORT=1\nKILLSWITCH_SECRET_FILE=/from/file\nKILLSWITCH_TOKEN=from-file\n';
    const socket = read('KILLSWITCH_URL=http://h:1\n', { KILLSWITCH_SOCKET: '/run/ks.sock' });
    expect(socket).not.toHaveProperty('KILLSWITCH_URL');
    const variables = read(text, { PORT: '2', KILLSWITCH_SECRET: SECRET, KILLSWITCH_TOKEN_FILE: '/mine' });
    expect(variables).toMatchObject({ PORT: '2', KILLSWITCH_SECRET: SECRET, KILLSWITCH_TOKEN_FILE: '/mine' });
    expect(variables).not.toHaveProperty('KILLSWITCH_SECRET_FILE');
    expect(variables).not.toHaveProperty('KILLSWITCH_TOKEN');
    expect(read(text, { PORT: '' })).toMatchObject({ PORT: '1' });
  });

  it.each([
    ['KILLSWITCH_SECRET', 'line 2: a line must be NAME=value'],
    ['export KILLSWITCH_SECRET=x', 'line 2: a line must be NAME=value'],
    ['; a comment of systemd alone', 'line 2: a line must be NAME=value'],
    ['KILLSWITCH_SECRET = x', 'line 2: a line must be NAME=value'],
    [`KILLSWITCH_SECRET=${SECRET}`, 'line 2 (KILLSWITCH_SECRET): put the value in single quotes'],
    ['KILLSWITCH_SECRET=a#b', 'line 2 (KILLSWITCH_SECRET): put the value in single quotes'],
    ['KILLSWITCH_SECRET=a\\b', 'line 2 (KILLSWITCH_SECRET): put the value in single quotes'],
    ['KILLSWITCH_SECRET="a$b"', 'line 2 (KILLSWITCH_SECRET): put the value in single quotes'],
    ["KILLSWITCH_SECRET='a'b", 'line 2 (KILLSWITCH_SECRET): put the value in single quotes'],
    ["KILLSWITCH_SECRET='a", 'line 2 (KILLSWITCH_SECRET): put the value in single quotes'],
    ['PORT=2', 'line 2 (PORT): it is set twice; remove one'],
    [
      'KILLSWITCH_CONFIG=/x',
      'line 2 (KILLSWITCH_CONFIG): it has no effect in the file; set it in the environment',
    ],
  ])('that says %j is refused by its line, and shows no value', (line, problem) => {
    const path = file(`PORT=1\n${line}\n`);
    const problems = problemsOf(path);
    expect(problems).toEqual([expect.stringContaining(`${path}, ${problem}`)]);
    expect(problems.join()).not.toContain(SECRET);
  });

  it('names all of its bad lines at once', () => {
    expect(problemsOf(file('a b\nX=a b\nX=1\n'))).toHaveLength(3);
  });

  it('that others may write, or that belongs to another user, is refused with what to do', () => {
    expect(problemsOf(file('PORT=1', 0o620))[0]).toMatch(
      /can be written by other users \(mode 0620\): chmod go-w /,
    );
    expect(problemsOf(file('PORT=1', 0o602))[0]).toMatch(
      /can be written by other users \(mode 0602\): chmod go-w /,
    );
    const foreign = file('PORT=1');
    chownSync(foreign, 12_345, 12_345);
    expect(problemsOf(foreign)[0]).toMatch(/belongs to another user \(12345\): chown it/);
    const link = join(folder, 'link.env');
    symlinkSync(foreign, link);
    expect(problemsOf(link)[0]).toMatch(/belongs to another user/);
  });

  it('that is none is refused, and does not hang', () => {
    const fifo = join(folder, 'fifo');
    execFileSync('mkfifo', ['-m', '600', fifo]);
    for (const path of [folder, fifo])
      expect(problemsOf(path)[0]).toMatch(/is not a file: set KILLSWITCH_CONFIG/);
    expect(problemsOf(join(folder, 'none'))[0]).toMatch(
      /KILLSWITCH_CONFIG names .*, which cannot be read \(ENOENT\)/,
    );
    expect(withConfigFile({ KILLSWITCH_CONFIG: '/dev/null', PORT: '1' })).toEqual({
      variables: { KILLSWITCH_CONFIG: '/dev/null', PORT: '1' },
      notes: [],
    });
  });

  it('with a secret that everyone may read is used, and says so', () => {
    const notesOf = (text: string) => withConfigFile({ KILLSWITCH_CONFIG: file(text, 0o644) }).notes;
    expect(notesOf(`KILLSWITCH_SECRET='${SECRET}'\n`)).toEqual([
      expect.stringMatching(/holds a secret and can be read by every user: chmod o-r /),
    ]);
    expect(notesOf('KILLSWITCH_SECRET_FILE=/etc/killswitch/secret\n')).toEqual([]);
  });

  it('is looked for in the folder of the user', () => {
    const home = join(folder, 'home');
    mkdirSync(join(home, '.config/killswitch'), { recursive: true });
    mkdirSync(join(home, 'xdg/killswitch'), { recursive: true });
    writeFileSync(join(home, '.config/killswitch/killswitch.env'), 'PORT=1\n', { mode: 0o600 });
    writeFileSync(join(home, 'xdg/killswitch/killswitch.env'), 'PORT=2\n', { mode: 0o600 });
    const portFor = (more: Environment) => {
      const env = { HOME: home, ...more };
      const [system, ...own] = configFilesOf(env);
      expect(system).toBe('/etc/killswitch/killswitch.env');
      return withConfigFile(env, own).variables['PORT'];
    };
    expect(portFor({})).toBe('1');
    expect(portFor({ XDG_CONFIG_HOME: join(home, 'xdg') })).toBe('2');
    expect(portFor({ XDG_CONFIG_HOME: 'relative' })).toBe('1');
    expect(portFor({ XDG_CONFIG_HOME: join(home, 'none') })).toBeUndefined();
  });

  it('that this user cannot read is passed over, and says so', () => {
    const loop = join(folder, 'loop.env');
    symlinkSync(loop, loop);
    const usual = [join(folder, 'none', 'x.env'), loop, file('PORT=7\n')];
    expect(withConfigFile({}, usual)).toEqual({
      variables: { PORT: '7' },
      notes: [`${loop} cannot be read by this user (ELOOP), so its settings are not used`],
    });
    expect(withConfigFile({}, [loop]).variables).toEqual({});
  });

  it('of another user is passed over where it is looked for, and says so', () => {
    const foreign = file('PORT=1\n');
    chownSync(foreign, 12_345, 12_345);
    expect(withConfigFile({}, [foreign, file('PORT=2\n')])).toEqual({
      variables: { PORT: '2' },
      notes: [`${foreign} belongs to another user, so its settings are not used`],
    });
  });

  it('of any value in single quotes is read to the character, as systemd reads it', () => {
    const value = fc.string({ unit: 'binary' }).filter(text => !/['\n\r\0\u2028\u2029]/.test(text));
    fc.assert(
      fc.property(value, text => {
        expect(parseEnv(`A='${text}'\nB=1\n`)).toEqual({ A: text, B: '1' });
      }),
    );
  });

  it('of any value that needs no quotes is read to the character', () => {
    const plain = fc.stringMatching(/^[A-Za-z0-9+/=_.,:@%?&-]*$/);
    fc.assert(
      fc.property(plain, text => {
        expect(parseEnv(`A=${text}\nB="${text}"\n`)).toEqual({ A: text, B: text });
      }),
    );
  });
});
