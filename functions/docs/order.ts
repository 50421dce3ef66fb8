/** The guides by purpose, in the order of the navigation. A guide that is not named here comes last. */
export const groups: readonly { readonly name: string; readonly slugs: readonly string[] }[] = [
  {
    name: 'Use it',
    slugs: ['runbook', 'discovery', 'run', 'command-line', 'http', 'integrations', 'webhooks-and-chat'],
  },
  { name: 'Run it', slugs: ['deployment', 'settings', 'edge', 'quarantine', 'audit'] },
  { name: 'Look it up', slugs: ['http-reference', 'command-reference', 'settings-reference'] },
  { name: 'How it works', slugs: ['architecture', 'security', 'threat-model', 'benchmark'] },
];

export const order: readonly string[] = groups.flatMap(({ slugs }) => slugs);
