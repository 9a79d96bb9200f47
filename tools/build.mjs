// Builds the package in the current folder: every entry of its package.json (`exports` with a source, and `bin`) by one
// esbuild call (ES modules that share chunks), the declarations by `tsc -b`.
import { build } from 'esbuild';
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { runBin } from './exec.mjs';

const SOURCE = '@gossamer/source';
const pkg = JSON.parse(readFileSync('package.json', 'utf8'));
const bins = Object.values(pkg.bin ?? {});
const sourceOf = (output) => output.replace(/^(\.\/)?dist\//, 'src/').replace(/\.js$/, '.ts');
const sources = Object.values(pkg.exports)
  .map((target) => target[SOURCE])
  .filter(Boolean)
  .map((source) => source.replace(/^\.\//, ''));

const result = await build({
  entryPoints: [...new Set([...sources, ...bins.map(sourceOf)])],
  outbase: 'src',
  outdir: 'dist',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  packages: 'external',
  chunkNames: 'chunks/[name]-[hash]',
  sourcemap: true,
  sourcesContent: false,
  legalComments: 'none',
  logLevel: 'warning',
  metafile: true,
  // Without this esbuild reads tsconfig.json, whose `references` it does not know.
  tsconfigRaw: { compilerOptions: { target: 'ES2022', verbatimModuleSyntax: true } },
});
for (const bin of bins) chmodSync(bin, 0o755);

const status = runBin('typescript', 'bin/tsc', ['-b', 'tsconfig.lib.json'], { cwd: process.cwd() });
if (status !== 0) process.exit(status);
removeStale(new Set(Object.keys(result.metafile.outputs).map((file) => resolve(file))));

/** Removes outputs of earlier builds: JavaScript that this one did not write, declarations whose source is gone. */
function removeStale(written) {
  for (const entry of readdirSync('dist', { recursive: true, withFileTypes: true })) {
    const file = resolve(entry.parentPath, entry.name);
    const source = join('src', relative('dist', file).replace(/\.d\.ts(\.map)?$/, '.ts'));
    const stale = /\.js(\.map)?$/.test(file)
      ? !written.has(file)
      : /\.d\.ts(\.map)?$/.test(file) && (!existsSync(source) || file.split(sep).includes('testing'));
    if (entry.isFile() && stale) rmSync(file);
  }
}
