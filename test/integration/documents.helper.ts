import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type Fence, ROOT } from '../functions/documents.helper.js';
import { addWorktree, makeRepository, startProcess, temporaryDirectory } from '../services/agents.js';
import { build } from '../services/build.js';
import { inject, RUN_MARK } from '../services/context.js';
import { afterFile } from '../services/registry.js';
import { type Environment, identityOf, settings, tokenFor } from '../services/server.js';

/** The agents that the documents speak of. All are processes that run; each has a worktree. */
const agents = {
  a1: { taskId: 't1' },
  a2: { taskId: 't1' },
  a3: { taskId: 't2', labels: { team: 'core' } },
  a5: { taskId: 't3' },
};

let hosts = 0;
/** An address of this machine that no other run listens on, so that the documents' port can stay as it is. */
export const newHost = (): string =>
  `127.${1 + (process.pid % 250)}.${1 + (Date.now() % 250)}.${1 + hosts++}`;

/**
 * What a shell knows before a document begins. `serve` goes on beside the shell, in the place of the server before it;
 * the rest is as a reader has it.
 */
const PRELUDE = `set -eo pipefail
killswitch() {
  if [ "$1" != serve ]; then command killswitch "$@"; return; fi
  local pipe line log
  if [ -n "$server" ]; then kill "$server"; wait "$server" || true; fi
  pipe=$(mktemp -u)
  mkfifo "$pipe"
  command killswitch "$@" > "$pipe" 2>&1 &
  server=$!
  exec {log}< "$pipe"
  while read -r line <&"$log"; do
    case $line in *'"msg":"listening"'*) cat <&"$log" > /dev/null & return;; esac
    printf '%s\\n' "$line" >&2
  done
  return 1
}
trap 'kill $(jobs -p) 2> /dev/null || true' EXIT
`;

/** One block, with a word on which it is, and its exit code held to what the document says of it. */
function scriptOf({ document, line, words, text: code }: Fence): string {
  const wanted = words.find(word => word.startsWith('exits='))?.slice('exits='.length);
  const told = `printf '\\n== ${document}:${line}\\n' >&2\n`;
  if (wanted === undefined) return `${told}${code}\n`;
  const check = `code=$?; set -e; [ $code = ${wanted} ] || { echo "It exited with $code, not ${wanted}" >&2; exit 1; }`;
  return `${told}set +e\n${code}\n${check}\n`;
}

/** Puts a program before all others of its name. */
function program(root: string, name: string, script: string): void {
  writeFileSync(join(root, 'bin', name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(root, 'bin', name), 0o755);
}

/**
 * Runs blocks of a document one after another in one shell, next to a server and agents of their own.
 * @param isAlone whether the document begins without a URL and a token of that server
 */
export async function runDocument(fences: readonly Fence[], { isAlone }: { isAlone: boolean }) {
  const root = temporaryDirectory();
  const host = newHost();
  const worktrees = join(root, 'srv/worktrees');
  const environment = settings('sqlite', { HOST: host, PORT: '8787', KILLSWITCH_WORKTREE_ROOTS: worktrees });
  const { label, variable } = identityOf(environment);
  for (const folder of ['bin', 'home', 'srv/worktrees', 'etc/killswitch'])
    mkdirSync(join(root, folder), { recursive: true });
  program(root, 'killswitch', `exec '${process.execPath}' '${join(build(), 'functions/cli/main.js')}' "$@"`);
  program(root, 'your-agent', "trap 'kill $!; exit' TERM; sleep 100000 > /dev/null 2>&1 & wait");
  cpSync(join(ROOT, 'wrangler.example.toml'), join(root, 'home/wrangler.example.toml'));

  const repository = await makeRepository(join(root, 'srv/repos/app'));
  const registrations: string[] = [];
  for (const [agentId, members] of Object.entries(agents)) {
    const { pid, startTime } = await startProcess({ agentId, variable, children: 1, daemonized: 0 });
    const worktreePath = await addWorktree(repository, join(worktrees, agentId), agentId);
    const record = { status: 'running', process: { pid, startTime }, repository, worktreePath, ...members };
    registrations.push(
      `curl -fsS -o /dev/null -X PUT "$url/agents/${agentId}" -H "Authorization: Bearer ${await tokenFor()}" -H 'Content-Type: application/json' -d '${JSON.stringify(record)}'`,
    );
  }
  const given = isAlone ? [] : [`export KILLSWITCH_URL=$url KILLSWITCH_TOKEN=${await tokenFor()}`];
  const script = [
    PRELUDE,
    `url=http://${host}:8787`,
    'killswitch serve',
    ...registrations,
    ...given,
    ...fences.map(scriptOf),
  ].join('\n');
  // What is this machine's, and not a reader's.
  const shown = script
    .replaceAll('127.0.0.1:8787', `${host}:8787`)
    .replaceAll(/(?<![\w/])\/(srv|etc\/killswitch)\//g, `${root}/$1/`)
    .replaceAll('killswitch.agent-id', label)
    .replaceAll('KILLSWITCH_AGENT_ID', variable)
    .replaceAll('your-agent-image', `--network none ${inject('agentImage')} sleep 100000`)
    .replaceAll(/\byour-agent(?!-)/g, join(root, 'bin/your-agent'));
  writeFileSync(join(root, 'script'), shown);

  return run(root, join(root, 'home'), environment);
}

/** Runs `script` in `root`, with the programs of `bin` before all others. */
async function run(root: string, cwd: string, environment: Environment) {
  const shell = spawn('bash', [join(root, 'script')], {
    cwd,
    env: {
      ...environment,
      PATH: `${join(root, 'bin')}:${process.env['PATH']}`,
      HOME: join(root, 'home'),
      [RUN_MARK]: process.env[RUN_MARK],
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  afterFile(() => shell.kill('SIGKILL'));
  const [[code], stdout, stderr] = await Promise.all([
    once(shell, 'close') as Promise<[number | null]>,
    text(shell.stdout),
    text(shell.stderr),
  ]);
  return { code, stdout, stderr };
}

/** What a checkout does not hold, or what only its tests need. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  '.git',
  'coverage',
  'dist',
  'node_modules',
  'reports',
  'test',
]);

/** Runs a block in a copy of the checkout; its packages are this one's, so `npm ci` does nothing. */
export function runInCheckout(fence: Fence) {
  const root = temporaryDirectory();
  const checkout = join(root, 'checkout');
  for (const folder of ['bin', 'home', 'checkout']) mkdirSync(join(root, folder));
  for (const name of readdirSync(ROOT).filter(one => !LEFT_OUT.has(one)))
    cpSync(join(ROOT, name), join(checkout, name), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(checkout, 'node_modules'));
  program(root, 'npm', `[ "$1" = ci ] || PATH='${process.env['PATH']}' exec npm "$@"`);
  writeFileSync(join(root, 'script'), `set -eo pipefail\n${scriptOf(fence)}`);
  return run(root, checkout, { DOCKER_HOST: inject('dockerHost') });
}
