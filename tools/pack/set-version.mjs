// Gives every package the same version: `node tools/pack/set-version.mjs 1.2.3`. Siblings depend on one another's exact
// version; the lock file follows.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { npmCommand, ROOT } from '../exec.mjs';
import { readManifest } from './targets.mjs';

const version = process.argv[2] ?? '';
if (!/^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/.test(version)) {
  console.error(`version: expected MAJOR.MINOR.PATCH, received "${version}"`);
  process.exit(2);
}

const folders = ['.', 'native', ...readdirSync(join(ROOT, 'packages')).map((name) => `packages/${name}`)];
const ours = new Set(folders.map((folder) => readManifest(folder).name));
for (const folder of folders) {
  const manifest = { ...readManifest(folder), version };
  for (const kind of ['dependencies', 'peerDependencies', 'optionalDependencies']) {
    for (const name of Object.keys(manifest[kind] ?? {})) if (ours.has(name)) manifest[kind][name] = version;
  }
  writeFileSync(join(ROOT, folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
}
const shown = join(ROOT, 'packages/cli/src/version.ts');
writeFileSync(shown, readFileSync(shown, 'utf8').replace(/(version = )'[^']*'/, `$1'${version}'`));

const npm = npmCommand();
const args = [...npm.args, 'install', '--package-lock-only', '--loglevel=error'];
process.exit(spawnSync(npm.command, args, { cwd: ROOT, shell: npm.shell, stdio: 'inherit' }).status ?? 1);
