// Packs every public package as npm would publish it, puts the tarballs into an empty folder and loads each entry there by
// `import` and by `require`. By default the tarballs are unpacked and only the packages that each one declares are
// linked beside it (no network; an import of an undeclared package fails). `--install`: a real `npm install`.
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { npmCommand, ROOT } from './exec.mjs';
import { packFolder, unpack } from './pack/tarball.mjs';
import { writePlatformPackage } from './pack/platform.mjs';
import { ADDON, hostTarget, readManifest } from './pack/targets.mjs';

const install = process.argv.includes('--install');

/** The folders to pack: the public packages, and this machine's platform package as a release would make it. */
function foldersToPack(work) {
  const platform = join(work, 'platform');
  writePlatformPackage(hostTarget(), join(ROOT, 'native/build/Release', ADDON), platform);
  const names = readdirSync(join(ROOT, 'packages')).map((name) => `packages/${name}`);
  const open = ['native', ...names].filter((folder) => !readManifest(folder).private);
  return [...open.map((folder) => join(ROOT, folder)), platform];
}

function installTarballs(app, tarballs) {
  const npm = npmCommand();
  const args = ['install', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error', ...tarballs];
  // The variable keeps onnxruntime-node from fetching its CUDA libraries.
  const env = { ...process.env, npm_config_onnxruntime_node_install: 'skip' };
  const options = { cwd: app, shell: npm.shell, stdio: ['ignore', 'inherit', 'inherit'], env };
  const result = spawnSync(npm.command, [...npm.args, ...args], options);
  if (result.status !== 0) throw new Error('npm install of the tarballs failed');
}

/** Each package gets its own node_modules, with what it declares and nothing else. */
function unpackTarballs(app, tarballs, folders) {
  const store = join(work, 'store');
  const manifests = tarballs.map((tarball, i) => {
    unpack(tarball, join(store, `${i}`, 'node_modules', '.self'));
    return JSON.parse(readFileSync(join(store, `${i}`, 'node_modules', '.self', 'package.json'), 'utf8'));
  });
  const ours = new Map(manifests.map(({ name }, i) => [name, join(store, `${i}`, 'node_modules', '.self')]));
  const link = (modules, name, folder = ROOT) => {
    const installed = [folder, ROOT].map((base) => join(base, 'node_modules', name)).find(existsSync);
    const target = ours.get(name) ?? installed;
    if (!target) return;
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(target, join(modules, name), 'junction');
  };
  manifests.forEach((manifest, i) => {
    const modules = join(store, `${i}`, 'node_modules');
    const platform = manifest.name === '@gossamer/native' ? [`@gossamer/native-${hostTarget()}`] : [];
    const declared = { ...manifest.dependencies, ...manifest.peerDependencies, ...manifest.optionalDependencies };
    for (const name of [...Object.keys(declared), ...platform]) link(modules, name, folders[i]);
    link(join(app, 'node_modules'), manifest.name);
  });
}

function entriesOf(tarballs, app) {
  return tarballs.flatMap((tarball) => {
    unpack(tarball, join(app, 'look'));
    const { name, exports: map } = JSON.parse(readFileSync(join(app, 'look', 'package.json'), 'utf8'));
    rmSync(join(app, 'look'), { recursive: true });
    if (!map) return []; // a platform package: only the loader of @gossamer/native opens it
    const paths = Object.keys(map).filter((path) => path !== './package.json');
    return paths.map((path) => name + path.slice(1));
  });
}

function load(app, entry, how) {
  const code = how === 'import' ? `await import(${JSON.stringify(entry)})` : `require(${JSON.stringify(entry)})`;
  const type = how === 'import' ? 'module' : 'commonjs';
  const result = spawnSync(process.execPath, ['--no-warnings', `--input-type=${type}`, '-e', code], {
    cwd: app,
    encoding: 'utf8',
  });
  if (result.status === 0) return true;
  console.log(`${how} ${entry}: ${result.stderr.trim() || result.error?.message}`);
  return false;
}

function commandWorks(app) {
  const cli = join(app, 'node_modules', 'gossamer');
  const { bin } = JSON.parse(readFileSync(join(cli, 'package.json'), 'utf8'));
  const result = spawnSync(process.execPath, [join(cli, bin.gossamer), '--help'], { cwd: app, encoding: 'utf8' });
  if (result.status === 0 && /inspect/.test(result.stdout)) return true;
  console.log(`gossamer --help: exit ${result.status}: ${result.stderr}`);
  return false;
}

/** Whether the loader finds the addon in the platform package: the packed one has no local build. */
function addonLoads(app) {
  const code = "if (!require('@gossamer/native').load()) throw new Error('no addon')";
  const { status, stderr } = spawnSync(process.execPath, ['-e', code], { cwd: app, encoding: 'utf8' });
  if (status !== 0) console.log(`the addon of the platform package: ${stderr}`);
  return status === 0;
}

const work = mkdtempSync(join(tmpdir(), 'gossamer-pack-'));
try {
  const app = join(work, 'app');
  mkdirSync(join(app, 'node_modules'), { recursive: true });
  writeFileSync(join(app, 'package.json'), '{ "name": "app", "version": "1.0.0", "private": true }\n');
  const folders = foldersToPack(work);
  const tarballs = folders.map((folder) => packFolder(folder, work));
  (install ? installTarballs : unpackTarballs)(app, tarballs, folders);
  const results = entriesOf(tarballs, app).flatMap((entry) =>
    ['import', 'require'].map((how) => load(app, entry, how)),
  );
  results.push(commandWorks(app), addonLoads(app));
  const failed = results.filter((ok) => !ok).length;
  console.log(`packages: ${results.length - failed} entries work, ${failed} do not`);
  process.exitCode = failed > 0 || results.length === 0 ? 1 : 0;
} finally {
  rmSync(work, { recursive: true, force: true });
}
