import type { DocumentRef } from '../../ports/records.js';

/** Every key that we use. All begin with the prefix, so that one hash tag in it keeps them in one slot. */
export interface Keyspace {
  /** Set of agent IDs. */
  readonly active: string;
  /** Hash from agent ID to text. */
  readonly tombstones: string;
  /** Stream with one field, `entry`, of JSON. */
  readonly audit: string;
  /** Sorted set of the IDs of all agents that are known, each with score 0; others' records may be missing. */
  readonly known: string;
  /** Hash: how far the index of the audit goes. See lua/commit.lua. */
  readonly auditIndex: string;
  /** Stream of where the subjects stand that are hashed to this bucket. */
  auditBucket(bucket: string): string;
  readonly latch: string;
  /** Sorted set of agent IDs by the time to try, epoch milliseconds. */
  debts(host: string): string;
  document(ref: DocumentRef): string;
  /** Glob that matches the keys of all agents' records. */
  readonly agents: string;
  /** What stands for the agent's ID in a key that the glob matches; anybody may have written it. */
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
