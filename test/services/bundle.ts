import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The Worker as wrangler bundles it: one ES module, for a place that has no Node. */
export async function bundleWorker(): Promise<{
  readonly script: string;
  /** What it was made from, by path. */
  readonly inputs: readonly string[];
  /** What it still imports. */
  readonly imports: readonly string[];
}> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: ['functions/worker.ts'],
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2023',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    conditions: ['workerd', 'worker', 'browser'],
    metafile: true,
    write: false,
  });
  const [output] = Object.values(metafile.outputs);
  return {
    script: outputFiles[0]?.text ?? '',
    inputs: Object.keys(output?.inputs ?? {}),
    imports: output?.imports.map(({ path }) => path) ?? [],
  };
}
