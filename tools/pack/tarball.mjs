import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { npmCommand } from '../exec.mjs';

// The tar format (POSIX ustar): 512-byte blocks; a header holds the name at 0, the size in octal at 124, the type at 156.
const BLOCK = 512;
const REGULAR_FILE = '0';

function text(header, start, length) {
  const field = header.subarray(start, start + length);
  const end = field.indexOf(0);
  return field.subarray(0, end < 0 ? length : end).toString('utf8');
}

/** Packs the package in `folder` into `out` with npm, and returns the path of the tarball. */
export function packFolder(folder, out) {
  const npm = npmCommand();
  const args = [...npm.args, 'pack', '--json', '--ignore-scripts', '--loglevel=error', '--pack-destination', out];
  const result = spawnSync(npm.command, args, { cwd: folder, shell: npm.shell, encoding: 'utf8' });
  if (result.status !== 0) throw new Error(`npm pack in ${folder} failed: ${result.stderr}`);
  return join(out, JSON.parse(result.stdout)[0].filename);
}

/** Unpacks a tarball of npm into `folder`, without its leading `package/`; returns the paths it held. */
export function unpack(tarball, folder) {
  const tar = gunzipSync(readFileSync(tarball));
  const names = [];
  for (let at = 0; at + BLOCK <= tar.length && tar[at] !== 0;) {
    const header = tar.subarray(at, at + BLOCK);
    const size = Number.parseInt(text(header, 124, 12), 8);
    const name = text(header, 0, 100);
    const prefix = text(header, 345, 155);
    if (text(header, 156, 1) === REGULAR_FILE) {
      const relative = (prefix ? `${prefix}/${name}` : name).replace(/^package\//, '');
      const path = join(folder, relative);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, tar.subarray(at + BLOCK, at + BLOCK + size));
      names.push(relative);
    }
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  return names;
}
