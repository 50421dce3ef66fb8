import { type Asset, readAssets, versioned } from './assets.js';
import { openLibrary } from './library.js';
import type { Frame } from './page.js';
import { createSearch, type Search } from './search.js';

/** Everything that is served below `/docs`, except the API reference. */
export interface Site {
  readonly frame: Frame;
  readonly search: Search;
  readonly assets: ReadonlyMap<string, Asset>;
}

/** The path is right both from this file and from a chunk of the bundle. */
const folder = (name: string): URL => new URL(`../../functions/docs/${name}/`, import.meta.url);

/** Reads everything and renders the guides. */
export async function openSite(): Promise<Site> {
  const [pictures, texts] = [folder('assets'), folder('guides')];
  const [assets, guides] = await Promise.all([readAssets([pictures, texts]), openLibrary(texts)]);
  const path = (name: string): string => {
    const asset = assets.get(name);
    if (!asset) throw new Error(`${name} is missing in ${pictures.href}`);
    return versioned(asset);
  };
  return {
    frame: { guides, style: path('docs.css'), icon: path('icon.svg') },
    search: await createSearch(guides),
    assets,
  };
}
