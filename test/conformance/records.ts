import { describe } from 'vitest';
import { auditLog } from './records/audit.js';
import { admission, commits } from './records/commits.js';
import { debts } from './records/debts.js';
import type { OpenRecords } from './records/harness.js';
import { lifetime } from './records/lifetime.js';
import { scans } from './records/scans.js';
import { texts } from './records/texts.js';
import { tombstones } from './records/tombstones.js';

export type { OpenRecords, RecordsUnderTest } from './records/harness.js';

/** What every store behind the ports `Records` and `AuditLog` has to do. `open` gives an empty store each time. */
export function recordsConformance(name: string, open: OpenRecords): void {
  describe(`records in ${name}`, () => {
    describe('a commit', () => commits(open));
    describe('an admission', () => admission(open));
    describe('the text of a document', () => texts(open));
    describe('a scan', () => scans(open));
    describe('tombstones', () => tombstones(open));
    describe('debts', () => debts(open));
    describe('the audit', () => auditLog(open));
    describe('the life of a store', () => lifetime(open));
  });
}
