import { afterEach, describe, expect, it, vi } from 'vitest';
import { configFilesOf, socketOf, stateDirectoryOf } from '../../functions/server/places.js';

const os = vi.hoisted(() => ({ homedir: () => '/home/of-the-password-file' }));
vi.mock('node:os', async original => ({ ...(await original<object>()), homedir: () => os.homedir() }));

const as = (uid: number) => vi.spyOn(process, 'geteuid' as 'cwd').mockReturnValue(uid as never);
afterEach(() => {
  vi.restoreAllMocks();
  os.homedir = () => '/home/of-the-password-file';
});

describe('the state directory', () => {
  it('of root is /var/lib/killswitch, whatever home it came with', () => {
    as(0);
    expect(stateDirectoryOf({ HOME: '/home/ann', XDG_STATE_HOME: '/home/ann/state' })).toBe(
      '/var/lib/killswitch',
    );
  });

  it.each([
    [{ HOME: '/home/ann' }, '/home/ann/.local/state/killswitch'],
    [{ HOME: '/home/ann', XDG_STATE_HOME: '/state' }, '/state/killswitch'],
    [{ HOME: '/home/ann', XDG_STATE_HOME: 'state' }, '/home/ann/.local/state/killswitch'],
    [{ HOME: '' }, '/home/of-the-password-file/.local/state/killswitch'],
    [{}, '/home/of-the-password-file/.local/state/killswitch'],
    [{ KILLSWITCH_STATE_DIR: '/srv/ks', HOME: '/home/ann' }, '/srv/ks'],
  ])('of a user with %o is %s', (env, expected) => {
    as(1000);
    expect(stateDirectoryOf(env)).toBe(expected);
    expect(socketOf(env)).toBe(`${expected}/killswitch.sock`);
  });

  it('of a user without a home has to be named', () => {
    as(1000);
    os.homedir = () => {
      throw new Error('no such user');
    };
    expect(() => stateDirectoryOf({})).toThrow('set KILLSWITCH_STATE_DIR: this user has no home directory');
    expect(() => stateDirectoryOf({ HOME: 'relative' })).toThrow('set KILLSWITCH_STATE_DIR');
    expect(socketOf({ KILLSWITCH_SOCKET: '/run/ks.sock' })).toBe('/run/ks.sock');
    expect(configFilesOf({})).toEqual(['/etc/killswitch/killswitch.env']);
  });
});
