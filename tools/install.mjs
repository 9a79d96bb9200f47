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

// `--include=dev` because NODE_ENV=production or a user's `omit` would leave the tools out.
const CI_ARGS = ['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error'];
// Any package that the lock file names; asking for its version is the smallest question to the registry.
const PROBE_ARGS = [
  'view',
  'esbuild',
  'version',
  '--prefer-online',
  '--fetch-retries=1',
  '--fetch-retry-mintimeout=500',
];

function npm(args, stdout) {
  const { command, args: first, shell } = npmCommand();
  const options = { cwd: ROOT, shell, encoding: 'utf8', stdio: ['ignore', stdout, 'pipe'] };
  const { status, stderr, error } = spawnSync(command, [...first, ...args], options);
  return { ok: status === 0, text: stderr ?? '', reason: error?.message ?? `exit ${status}` };
}

function npmCi() {
  // Without a network npm would try each of the packages again and again, for minutes.
  const probe = npm(PROBE_ARGS, 'ignore');
  const offline = !probe.ok && NETWORK_ERROR.test(probe.text);
  const result = npm([...CI_ARGS, offline ? '--offline' : '--prefer-offline'], 'inherit');
  if (result.ok) return;
  process.stderr.write(result.text);
  if (offline || NETWORK_ERROR.test(result.text)) {
    throw new Error(
      "the packages cannot be fetched: no network (or no npm registry in reach), and npm's cache does not hold them all.\n" +
        '  Connect once and run this again, or copy a filled npm cache here (npm config get cache).',
    );
  }
  throw new Error(`npm ci failed (${result.reason})`);
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
