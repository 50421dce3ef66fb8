import { closeSync, constants, opendirSync, openSync, readSync } from 'node:fs';
import { type Anchor, type Directory, look } from './directory.js';

/** An agent can make a directory endless. */
const MOST = 1_000;
const FANOUT_ENTRIES = 256;
const HEADER_BYTES = 8;
const TABLE_AT = HEADER_BYTES + FANOUT_ENTRIES * 4;
const VERSION_2 = Buffer.from([0xff, 0x74, 0x4f, 0x63, 0, 0, 0, 2]);

function bytesAt(fd: number, position: number, length: number): Buffer {
  const buffer = Buffer.alloc(length);
  readSync(fd, buffer, 0, length, position);
  return buffer;
}

/** Searches the sorted table of a pack's index, version 2 (gitformat-pack(5)). */
function indexHolds(fd: number, wanted: Buffer): boolean {
  if (!bytesAt(fd, 0, HEADER_BYTES).equals(VERSION_2)) return false;
  const fanout = bytesAt(fd, HEADER_BYTES, FANOUT_ENTRIES * 4);
  const [first = 0] = wanted;
  let low = first === 0 ? 0 : fanout.readUInt32BE((first - 1) * 4);
  let high = fanout.readUInt32BE(first * 4);
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const order = bytesAt(fd, TABLE_AT + middle * wanted.length, wanted.length).compare(wanted);
    if (order === 0) return true;
    if (order < 0) low = middle + 1;
    else high = middle;
  }
  return false;
}

function* indexes(packs: Directory): Generator<number> {
  const directory = opendirSync(packs.access);
  try {
    for (let count = 0; count < MOST; count++) {
      const found = directory.readSync();
      if (found === null) return;
      if (!found.isFile() || !found.name.endsWith('.idx')) continue;
      const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
      const fd = openSync(`${packs.access}/${found.name}`, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
      try {
        yield fd;
      } finally {
        closeSync(fd);
      }
    }
  } finally {
    directory.closeSync();
  }
}

/**
 * Whether a repository holds an object itself, loose or packed; what it borrows from another one does not count.
 * A ref to an object that is not there would break the repository for its owner.
 */
export function holdsObject(anchor: Anchor, git: Directory, id: string): boolean {
  const enter = (parent: Directory, name: string): Directory | undefined => {
    try {
      return anchor.enter(parent, name);
    } catch {
      return undefined;
    }
  };
  const objects = enter(git, 'objects');
  if (objects === undefined) return false;
  const loose = enter(objects, id.slice(0, 2));
  if (loose !== undefined && look(loose, id.slice(2))?.isFile()) return true;
  const packs = enter(objects, 'pack');
  const wanted = Buffer.from(id, 'hex');
  if (packs !== undefined) for (const fd of indexes(packs)) if (indexHolds(fd, wanted)) return true;
  return false;
}
