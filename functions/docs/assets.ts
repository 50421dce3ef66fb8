import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname } from 'node:path';

/** A file that pages are made with. */
export interface Asset {
  /** Without the query, by which a new version is told from an old one. */
  readonly path: string;
  readonly version: string;
  readonly type: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
};

/** @param bytes kept as they are: all who ask for them share one copy */
export const assetOf = (name: string, bytes: Uint8Array<ArrayBuffer>): Asset => ({
  path: `/docs/assets/${name}`,
  version: createHash('sha256').update(bytes).digest('base64url').slice(0, 16),
  type: types[extname(name)] ?? 'application/octet-stream',
  bytes,
});

/** Every style sheet and picture of some folders, by name. */
export async function readAssets(folders: readonly URL[]): Promise<ReadonlyMap<string, Asset>> {
  const found = await Promise.all(
    folders.map(async folder => {
      const names = (await readdir(folder)).filter(name => extname(name) in types);
      return Promise.all(
        names.map(
          async name => [name, assetOf(name, new Uint8Array(await readFile(new URL(name, folder))))] as const,
        ),
      );
    }),
  );
  return new Map(found.flat());
}

export const versioned = ({ path, version }: Asset): string => `${path}?v=${version}`;
