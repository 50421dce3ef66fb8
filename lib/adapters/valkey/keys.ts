import type { DocumentRef } from '../../ports/records.js';

/** Every key that we use. All begin with the prefix, whose hash tag keeps them in one slot on a cluster. */
export interface Keyspace {
  /** Set of agent IDs. */
  readonly active: string;
  /** Hash from agent ID to text. */
  readonly tombstones: string;
  /** Stream with one field, `entry`, of JSON. */
  readonly audit: string;
  /** Sorted set of the IDs of known agents, each with score 0; records of other programs may be missing. */
  readonly known: string;
  /** Hash: the state of the audit's index. See lua/commit.lua. */
  readonly auditIndex: string;
  /** Stream with the ranges of the subjects that are hashed to this bucket. */
  auditBucket(bucket: string): string;
  readonly latch: string;
  /** Sorted set of agent IDs by the time to try, epoch milliseconds. */
  debts(host: string): string;
  document(ref: DocumentRef): string;
  /** Glob that matches the keys of all agents' records. */
  readonly agents: string;
  /** The agent's ID in a key that the glob matches; untrusted. */
  agentOf(key: string): string;
}

const KINDS = { operation: 'operations', memory: 'memory', checkpoint: 'checkpoints' } as const;

export function keyspace(prefix: string): Keyspace {
  const own = `${prefix}killswitch:`;
  const agent = `${prefix}agent:`;
  const latch = `${own}latch`;
  return {
    active: `${own}active`,
    tombstones: `${own}tombstones`,
    audit: `${own}audit`,
    known: `${own}agents`,
    auditIndex: `${own}audit:index`,
    auditBucket: bucket => `${own}audit:index:${bucket}`,
    latch,
    debts: host => `${own}pending:${host}`,
    document({ kind, id }) {
      if (kind === 'latch') return latch;
      return kind === 'agent' ? agent + id : `${own}${KINDS[kind]}:${id}`;
    },
    agents: `${agent.replace(/[[\]*?\\]/g, '\\$&')}*`,
    agentOf: key => key.slice(agent.length),
  };
}

/** Whether Cluster puts all keys with this prefix into one slot (Redis Cluster specification, "Hash tags"). */
export const hasHashTag = (prefix: string): boolean => {
  const open = prefix.indexOf('{');
  return open >= 0 && prefix.indexOf('}', open) > open + 1;
};
