// Readies a checkout for publishing (release workflow only; it edits package.json files): adds the platform packages to
// the optionalDependencies of @gossamer/native, the repository that provenance is checked against, and the licence text.
// `node tools/pack/prepare.mjs ARTIFACTS`, where ARTIFACTS/<target>/ holds the addon that each build job uploaded.
import { copyFileSync, existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ROOT } from '../exec.mjs';
import { writePlatformPackage } from './platform.mjs';
import { ADDON, readManifest, TARGETS } from './targets.mjs';

const artifacts = resolve(process.argv[2] ?? 'artifacts');
const missing = Object.keys(TARGETS).filter((target) => !existsSync(join(artifacts, target, ADDON)));
if (missing.length > 0) {
  console.error(`artifacts: expected ${ADDON} of every target, none for ${missing.join(', ')}`);
  process.exit(1);
}

const repository = process.env.GITHUB_REPOSITORY;
const folders = ['native', ...readdirSync(join(ROOT, 'packages')).map((name) => `packages/${name}`)];
for (const folder of folders) {
  const manifest = readManifest(folder);
  if (manifest.private) continue;
  if (repository) {
    manifest.repository = { type: 'git', url: `git+https://github.com/${repository}.git`, directory: folder };
  }
  if (folder === 'native') {
    const names = Object.keys(TARGETS).map((target) => `@gossamer/native-${target}`);
    manifest.optionalDependencies = Object.fromEntries(names.map((name) => [name, manifest.version]));
  }
  copyFileSync(join(ROOT, 'LICENSE'), join(ROOT, folder, 'LICENSE'));
  writeFileSync(join(ROOT, folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
}
// The page of the package that users install is the product's own.
copyFileSync(join(ROOT, 'README.md'), join(ROOT, 'packages/cli/README.md'));
for (const target of Object.keys(TARGETS)) {
  writePlatformPackage(target, join(artifacts, target, ADDON), join(ROOT, 'native/npm', target));
}
