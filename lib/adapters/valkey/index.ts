import type { KillswitchError } from '../../domain/errors.js';
import type { AuditLog } from '../../ports/audit.js';
import type { Records } from '../../ports/records.js';
import type { Health, Log, Probe } from '../../ports/runtime.js';
import { createAudit } from './audit.js';
import { createCommitter } from './commit.js';
import { hasHashTag, keyspace } from './keys.js';
import { openLink } from './link.js';
import { connect } from './options.js';
import { createPage } from './page.js';
import { createReader } from './read.js';
import { createScan } from './scan.js';
import { parseStoreUrl } from './url.js';

export interface ValkeyOptions {
  /** As `parseStoreUrl` reads it. */
  readonly url: string;
  /** Begins every key; on a cluster it must have a hash tag, as `{orchestrator}:`. */
  readonly keyPrefix?: string;
  /** Milliseconds until a call that is not answered rejects. */
  readonly deadlineMs?: number;
  /** Logs when the store goes down and when it comes back, once each. */
  readonly log?: Log;
}

export interface ValkeyStore extends Probe {
  readonly records: Records;
  readonly audit: AuditLog;
  close(): Promise<void>;
}

/**
 * Opens the store on Valkey 7.2 or Redis 7.0 and later: standalone, Sentinel or Cluster. Also opens while the server is down
 * and retries in the background; until it answers, every call rejects at once with `store_unavailable`. A commit that
 * rejected may still have happened; it is never resent. The deadline applies to each 1,000 steps, documents or entries of a
 * call.
 * @throws TypeError if the URL or the prefix is not valid
 */
export function openValkey(options: ValkeyOptions): ValkeyStore {
  const { url, keyPrefix = 'orchestrator:', deadlineMs = 1000, log } = options;
  const address = parseStoreUrl(url);
  if (address.kind === 'cluster' && !hasHashTag(keyPrefix)) {
    throw new TypeError('On a cluster the key prefix must have a hash tag, as in {orchestrator}:');
  }
  const keys = keyspace(keyPrefix);
  const link = openLink(connect(address, deadlineMs), deadlineMs, log);
  const { commit, append, probe } = createCommitter(link, keys);
  const reader = createReader(link, keys);
  return {
    records: {
      ...reader,
      commit,
      scan: createScan(link, keys, reader.agents),
      page: createPage(link, keys, reader.agents),
    },
    audit: createAudit(link, keys, append),
    async probe(): Promise<Health> {
      try {
        await probe();
        return { name: 'store', ok: true };
      } catch (error) {
        return { name: 'store', ok: false, detail: (error as KillswitchError).message };
      }
    },
    close: link.close,
  };
}
