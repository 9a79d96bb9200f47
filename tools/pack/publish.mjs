// Publishes what prepare.mjs made: platform packages first, then the packages in the order of their dependencies, so that
// no published package ever names one that is not there yet. A version that is already published is passed over, so a
// release that broke off can be run again. `--dry-run` is handed to npm.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { npmCommand, ROOT } from '../exec.mjs';
import { readManifest, TARGETS } from './targets.mjs';

const npm = npmCommand();
const extra = process.argv.slice(2);

function published({ name, version }) {
  const view = ['view', `${name}@${version}`, 'version'];
  const result = spawnSync(npm.command, [...npm.args, ...view], { shell: npm.shell, encoding: 'utf8' });
  return result.status === 0 && result.stdout.trim() === version;
}

function publish(folder) {
  const manifest = readManifest(folder);
  const id = `${manifest.name}@${manifest.version}`;
  if (published(manifest)) return console.log(`${id}: published already`);
  const args = [...npm.args, 'publish', '--access', 'public', ...extra];
  const result = spawnSync(npm.command, args, { cwd: join(ROOT, folder), shell: npm.shell, stdio: 'inherit' });
  if (result.status !== 0) throw new Error(`${id}: npm publish failed`);
}

function byDependencies(folders) {
  const byName = new Map(folders.map((folder) => [readManifest(folder).name, folder]));
  const ordered = new Set();
  const visit = (folder) => {
    for (const name of Object.keys(readManifest(folder).dependencies ?? {})) {
      if (byName.has(name)) visit(byName.get(name));
    }
    ordered.add(folder);
  };
  folders.forEach(visit);
  return [...ordered];
}

const platforms = Object.keys(TARGETS).map((target) => `native/npm/${target}`);
const packages = ['native', ...readdirSync(join(ROOT, 'packages')).map((name) => `packages/${name}`)];
const open = packages.filter((folder) => !readManifest(folder).private);
for (const folder of [...platforms, ...byDependencies(open)]) publish(folder);
