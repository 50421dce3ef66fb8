import { describe, expect, it } from 'vitest';
import { adoptFinding } from '../../../lib/discovery/adopt-found.js';
import { encloseFound } from '../../../lib/discovery/enclose-found.js';
import type { Enclosures } from '../../../lib/ports/enclosure.js';
import { fakeCore } from '../../fakes/core.js';
import { claude } from './findings.helper.js';

const enclosures = {
  enclose: async () => ({ enclosed: true, place: '/killswitch/a', moved: 1, outside: [] }),
} as unknown as Enclosures;
const ID = 'claude-42-4200';

describe('the cgroup of an agent that was found', () => {
  it('is written into its record once, and not again while it stays the same', async () => {
    const bed = fakeCore();
    await adoptFinding(bed.core, claude(42));
    await encloseFound(bed.core, enclosures, ID, []);
    const written = await bed.stored(ID);
    expect(await bed.record(ID)).toMatchObject({ cgroup: { path: '/killswitch/a' } });
    await encloseFound(bed.core, enclosures, ID, []);
    expect(await bed.stored(ID)).toEqual(written);
  });

  it('makes no record where there is none any more', async () => {
    const bed = fakeCore();
    await encloseFound(bed.core, enclosures, ID, []);
    expect(await bed.stored(ID)).toBeUndefined();
  });
});
