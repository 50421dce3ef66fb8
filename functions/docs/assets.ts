import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname } from 'node:path';

/** A file that pages load. */
export interface Asset {
  /** Without the query that names the version. */
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

/** @param bytes not copied: all answers share them */
export const assetOf = (name: string, bytes: Uint8Array<ArrayBuffer>): Asset => ({
  path: `/docs/assets/${name}`,
  version: createHash('sha256').update(bytes).digest('base64url').slice(0, 16),
  type: types[extname(name)] ?? 'application/octet-stream',
  bytes,
});

/** The style sheets and pictures in these folders, by name. */
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
