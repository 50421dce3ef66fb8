/** `npm run test:agents -- [--all|--short] [what vitest takes]`: the real command lines of coding agents. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const SWITCHES: Readonly<Record<string, string>> = {
  '--all': 'KILLSWITCH_TEST_ALL',
  '--short': 'KILLSWITCH_TEST_SHORT',
};
const given = process.argv.slice(2);
const set = given.flatMap(arg => SWITCHES[arg] ?? []).map(name => [name, '1']);
const rest = given.filter(arg => !(arg in SWITCHES));
const config = fileURLToPath(new URL('./vitest.config.ts', import.meta.url));
const { status } = spawnSync('vitest', ['run', '--config', config, ...rest], {
  stdio: 'inherit',
  env: { ...process.env, ...Object.fromEntries(set) },
});
process.exitCode = status ?? 1;
