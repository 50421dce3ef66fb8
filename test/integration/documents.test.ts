import { describe, expect, it } from 'vitest';
import { type Fence, pages } from '../functions/documents.helper.js';
import { engine } from '../services/agents.js';
import { afterFile } from '../services/registry.js';
import { runDocument, runInCheckout } from './documents.helper.js';

/** What is not run here, by where a block begins: what would be needed, or the test that does it. */
const notRun: Readonly<Record<string, string>> = {
  'README.md: npm ci && npm test': 'this is it',
  'README.md: npm ci && npm run package': 'package.test.ts packs it, installs nothing and starts it',
  'deployment.md: npm ci && npm run package': 'the same',
  'deployment.md: useradd': 'needs systemd as PID 1; install.test.ts tries the unit and its capabilities',
  'deployment.md: docker run': 'needs an image with this package; none is published',
  'deployment.md: export KILLSWITCH_STORE': 'needs a Valkey of that name; install.test.ts tries the users',
  'deployment.md: npm sbom': 'asks a registry',
  'architecture.md: npm ci': 'the checks themselves, and a server that never ends',
  'benchmark.md: npm run bench': 'takes ten minutes and a quiet machine',
  'edge.md: npx wrangler': 'needs an account; edge.test.ts runs the Worker',
  'integrations.md: systemd-run': 'needs systemd as PID 1',
  'README.md: killswitch scan':
    'would stop whatever agents this machine has; found-cli.test.ts narrows it to its own',
  'command-line.md: killswitch scan': 'the same',
  'discovery.md: killswitch adopt': 'names what runs elsewhere; found-adopt.test.ts adopts agents of its own',
  'README.md: killswitch run': 'needs a tool with an account; run-terminal.test.ts runs another program',
  'run.md: killswitch run': 'the same; run-worktree.test.ts and run-container.test.ts have the rest',
  'runbook.md: docker ps': 'would kill the agents of other tests',
  'settings.md: killswitch serve --dev': 'runs with a secret of its own; cli.test.ts does it',
};

const nameOf = (path: string): string => path.replace(/^.*\//, '');
const reasonFor = ({ document, text }: Fence): string | undefined =>
  Object.keys(notRun).find(start => `${nameOf(document)}: ${text}`.startsWith(start));

const shell = pages.flatMap(({ fences }) => fences.filter(({ language }) => language === 'sh'));
const isRun = ({ words }: Fence): boolean => !words.includes('no-run');
const isOfCheckout = ({ words }: Fence): boolean => words.includes('checkout');

/** A block that says `fresh` begins with a server and agents that nothing was done to. */
function parts(fences: readonly Fence[]): Fence[][] {
  const found: Fence[][] = [];
  for (const fence of fences) {
    if (found.length === 0 || fence.words.includes('fresh')) found.push([]);
    found.at(-1)?.push(fence);
  }
  return found;
}

const runs = pages.flatMap(({ path, fences }) =>
  parts(fences.filter(fence => fence.language === 'sh' && isRun(fence) && !isOfCheckout(fence))).map(
    part => ({
      path,
      line: part[0]?.line,
      part,
    }),
  ),
);

describe('the commands of the documents', () => {
  it.each(runs)(
    'do in a shell what $path says, from line $line on',
    async ({ path, part }) => {
      afterFile(() =>
        engine()
          .getContainer('b1')
          .remove({ force: true })
          .catch(() => undefined),
      );
      const { code, stderr } = await runDocument(part, { isAlone: path === 'README.md' });
      expect(code, stderr).toBe(0);
    },
    120_000,
  );

  it.each(shell.filter(isOfCheckout))(
    'do in a checkout what $document says on line $line',
    async fence => {
      const { code, stdout, stderr } = await runInCheckout(fence);
      expect(code, `${stdout}${stderr}`).toBe(0);
    },
    300_000,
  );

  it('are all run, but for those that a reason stands beside', () => {
    const left = shell.filter(fence => !isRun(fence));
    expect(left.filter(fence => reasonFor(fence) === undefined)).toEqual([]);
    expect([...new Set(left.map(reasonFor))].sort()).toEqual(Object.keys(notRun).sort());
  });

  it('say nothing of how they are run but what is known', () => {
    const words = shell.flatMap(fence => fence.words);
    expect(words.filter(word => !/^(no-run|checkout|fresh|curl|exits=[123])$/.test(word))).toEqual([]);
  });
});
