import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, rmSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';

/** A temporary file of another machine (or container) is stale after this long without a write. */
const STALE_MS = 24 * 60 * 60 * 1000;

/** Names the machine, so that a process id of another one is not taken for ours. */
const HOST = createHash('sha256').update(hostname()).digest('hex').slice(0, 8);

const live = new Set<string>();
let watchesExit = false;

/** A fresh name beside `target`: `.<name>.<host>-<pid>-<random>.gossamer-tmp`. */
export function tempPath(target: string): string {
  const unique = `${HOST}-${process.pid}-${randomBytes(8).toString('hex')}`;
  return join(dirname(target), `.${basename(target)}.${unique}.gossamer-tmp`);
}

/** Removes `temp`, a file or a folder, should the process exit before `forgetTempFile`. */
export function keepTempFile(temp: string): void {
  live.add(temp);
  if (watchesExit) return;
  watchesExit = true;
  process.once('exit', () => live.forEach(removeQuietly));
}

/** Ends the watch over `temp`. */
export function forgetTempFile(temp: string): void {
  live.delete(temp);
}

/** Removes temporary files and folders of earlier writes of `target` whose process is gone (or, from other machines, that are a day old). */
export function sweepTempFiles(target: string): void {
  const directory = dirname(target);
  const prefix = `.${basename(target)}.`;
  for (const name of namesIn(directory)) {
    if (!name.startsWith(prefix)) continue;
    const match = /^([0-9a-f]{8})-(\d+)-[0-9a-f]{16}\.gossamer-tmp$/.exec(name.slice(prefix.length));
    if (match === null) continue;
    const path = join(directory, name);
    if (match[1] === HOST ? !isRunning(Number(match[2])) : isOld(path)) removeQuietly(path);
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    // A missing directory is reported by the write itself.
    return [];
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

function isOld(path: string): boolean {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats !== undefined && Date.now() - stats.mtimeMs > STALE_MS;
}

function removeQuietly(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {
    // Gone already, or not ours to remove: either way no reason to fail a write.
  }
}
