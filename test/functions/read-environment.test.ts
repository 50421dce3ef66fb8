import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../../functions/server/read-environment.js';

const SECRET = 'a shared secret of 32 bytes or more';

describe('reading the environment', () => {
  let folder: string;
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'killswitch-environment-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it("takes the machine's name for the host", () => {
    expect(readConfig({ KILLSWITCH_SECRET: SECRET }).hostId).toBe(hostname());
  });

  it.each(['', '\n', '\r\n'])('takes a secret from a file that ends by %j', end => {
    const path = file('secret', `${SECRET}${end}`);
    expect(readConfig({ KILLSWITCH_SECRET_FILE: path }).secret).toBe(SECRET);
  });

  it('takes the previous secret from a file too', () => {
    const old = 'o'.repeat(32);
    const variables = {
      KILLSWITCH_SECRET: SECRET,
      KILLSWITCH_SECRET_PREVIOUS_FILE: file('previous', `${old}\n`),
    };
    expect(readConfig(variables)).toMatchObject({ secret: SECRET, previousSecret: old });
  });

  it('keeps all of a secret but one line end', () => {
    const path = file('secret', ` ${SECRET}\n\n`);
    expect(readConfig({ KILLSWITCH_SECRET_FILE: path }).secret).toBe(` ${SECRET}\n`);
  });

  it('names every problem with files in one message, and neither a path nor a secret', () => {
    const path = file('secret', SECRET);
    const environment = {
      KILLSWITCH_SECRET: SECRET,
      KILLSWITCH_SECRET_FILE: path,
      KILLSWITCH_STORE_FILE: join(folder, 'none'),
    };
    expect(() => readConfig(environment)).toThrow(
      [
        'The configuration is not valid:',
        '- set KILLSWITCH_SECRET or KILLSWITCH_SECRET_FILE, not both',
        '- KILLSWITCH_STORE_FILE names a file that does not exist or that this user may not read',
      ].join('\n'),
    );
  });

  it('makes a secret for one run in development, and only there', () => {
    const [one, other] = [readConfig({}, { dev: true }), readConfig({}, { dev: true })];
    expect(one.secret).toMatch(/^[\w-]{43}$/);
    expect(other.secret).not.toBe(one.secret);
    expect(readConfig({ KILLSWITCH_SECRET: SECRET }, { dev: true }).secret).toBe(SECRET);
    expect(readConfig({ KILLSWITCH_JWKS: '/etc/keys.json' }, { dev: true }).secret).toBeUndefined();
    expect(() => readConfig({})).toThrow('KILLSWITCH_SECRET');
  });
});
