import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { ROOT } from '../exec.mjs';

/** The platforms a release has prebuilt addons for: the package name's suffix, and what npm matches it by. */
export const TARGETS = {
  'linux-x64': { os: ['linux'], cpu: ['x64'], libc: ['glibc'] },
  'linux-arm64': { os: ['linux'], cpu: ['arm64'], libc: ['glibc'] },
  'darwin-x64': { os: ['darwin'], cpu: ['x64'] },
  'darwin-arm64': { os: ['darwin'], cpu: ['arm64'] },
  'win32-x64': { os: ['win32'], cpu: ['x64'] },
  'win32-arm64': { os: ['win32'], cpu: ['arm64'] },
};

/** The name of the addon file, in native/build/Release and in every platform package. */
export const ADDON = 'gossamer_native.node';

/** The suffix of this machine's platform package, as the loader spells it. */
export function hostTarget() {
  const { platformPackage } = createRequire(import.meta.url)('../../native/platform.cjs');
  return platformPackage().replace('@gossamer/native-', '');
}

/** The parsed package.json of a folder of the workspace. */
export function readManifest(folder) {
  return JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8'));
}
