// Makes one platform package: `node tools/pack/platform.mjs [TARGET [ADDON_FILE [OUT_FOLDER]]]`. Without arguments: this
// machine's, from native/build/Release, into native/npm/<target>. Those folders are no workspaces on purpose: npm would
// refuse to install the foreign ones (EBADPLATFORM).
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ROOT } from '../exec.mjs';
import { ADDON, hostTarget, readManifest, TARGETS } from './targets.mjs';

/** Writes the package of `target` around the addon file into `out`, and returns its manifest. */
export function writePlatformPackage(target, addon, out) {
  const constraints = TARGETS[target];
  if (!constraints) throw new Error(`target: expected one of ${Object.keys(TARGETS).join(', ')}, received ${target}`);
  const { version, license, engines, repository } = readManifest('native');
  const manifest = {
    name: `@gossamer/native-${target}`,
    version,
    description: `The prebuilt addon of @gossamer/native for ${target}`,
    license,
    ...(repository ? { repository } : {}),
    ...constraints,
    engines,
    main: ADDON,
    files: [ADDON],
  };
  mkdirSync(out, { recursive: true });
  copyFileSync(addon, join(out, ADDON));
  copyFileSync(join(ROOT, 'LICENSE'), join(out, 'LICENSE'));
  writeFileSync(join(out, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  writeFileSync(
    join(out, 'README.md'),
    `# ${manifest.name}\n\n${manifest.description}. Installed by it where it fits.\n`,
  );
  return manifest;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [target = hostTarget(), addon = join(ROOT, 'native/build/Release', ADDON), out] = process.argv.slice(2);
  const folder = resolve(out ?? join(ROOT, 'native/npm', target));
  const { name, version } = writePlatformPackage(target, resolve(addon), folder);
  console.log(`${name}@${version} in ${folder}`);
}
