import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { npmCommand, ROOT } from './exec.mjs';

const LOCK = join(ROOT, 'package-lock.json');
const INSTALLED = join(ROOT, 'node_modules', '.package-lock.json');
const STAMP = join(ROOT, 'node_modules', '.gossamer-setup.json');
const NETWORK_ERROR =
  /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ENOTCACHED|ERR_SOCKET_TIMEOUT/;

function readJson(path) {
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined;
}

function wantedStamp() {
  const lock = createHash('sha256').update(readFileSync(LOCK)).digest('hex');
  return { lock, platform: process.platform, arch: process.arch };
}

/** Whether npm's own record of what it installed agrees with the lock file (an `npm install` by hand leaves no stamp). */
function installedMatchesLock() {
  const wanted = readJson(LOCK).packages;
  const installed = readJson(INSTALLED)?.packages;
  if (!installed) return false;
  const agrees = ([at, entry]) => {
    if (!at.startsWith('node_modules/')) return true;
    const found = installed[at];
    if (!found) return Boolean(entry.optional || entry.devOptional);
    return found.version === entry.version && found.integrity === entry.integrity;
  };
  return Object.entries(wanted).every(agrees) && Object.keys(installed).every((at) => at in wanted);
}

function upToDate(wanted) {
  if (!existsSync(INSTALLED)) return false;
  const stamp = readJson(STAMP);
  if (stamp && (stamp.platform !== wanted.platform || stamp.arch !== wanted.arch)) return false;
  return stamp?.lock === wanted.lock || installedMatchesLock();
}

// `--include=dev` because NODE_ENV=production or a user's `omit` would leave the tools out. The cache is asked first,
// and a missing network is noticed in seconds (npm's own defaults wait over a minute).
const CI_ARGS = [
  'ci',
  '--include=dev',
  '--include=optional',
  '--prefer-offline',
  '--no-audit',
  '--no-fund',
  '--loglevel=error',
].concat(['--fetch-retries=2', '--fetch-retry-mintimeout=1000', '--fetch-retry-maxtimeout=10000']);

function npmCi() {
  const npm = npmCommand();
  const result = spawnSync(npm.command, [...npm.args, ...CI_ARGS], {
    cwd: ROOT,
    shell: npm.shell,
    encoding: 'utf8',
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  if (result.status === 0) return;
  const text = result.stderr ?? '';
  process.stderr.write(text);
  if (NETWORK_ERROR.test(text)) {
    throw new Error(
      "the packages cannot be fetched: no network (or no npm registry in reach), and npm's cache does not hold them all.\n" +
        '  Connect once and run this again, or copy a filled npm cache here (npm config get cache).',
    );
  }
  throw new Error(`npm ci failed (exit ${result.status ?? result.error?.message})`);
}

/** Installs exactly what package-lock.json says, unless node_modules holds it already. */
export function installIfNeeded() {
  const wanted = wantedStamp();
  if (!upToDate(wanted)) {
    console.error('setup: installing the packages of package-lock.json (npm ci)');
    npmCi();
  }
  writeFileSync(STAMP, JSON.stringify(wanted));
}
