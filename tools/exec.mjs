import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root folder of the workspace. */
export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');

/** The environment of every child: development packages are used whatever NODE_ENV says; nothing calls home. */
export function childEnv(extra = {}) {
  const env = { ...process.env, NX_DAEMON: 'false', NX_NO_CLOUD: 'true', NX_TUI: 'false', ...extra };
  if (!('NODE_ENV' in extra)) delete env.NODE_ENV;
  return env;
}

/** Runs a command to its end with our standard streams, and returns its exit code (1 when it could not start). */
export function run(command, args, { cwd = ROOT, env = {}, stdio = 'inherit', shell = false } = {}) {
  const result = spawnSync(command, args, { cwd, stdio, shell, env: childEnv(env) });
  if (result.error) console.error(`${command}: ${result.error.message}`);
  return result.status ?? 1;
}

/** Runs a JavaScript program of an installed package: `bin` being its path inside the package. */
export function runBin(pkg, bin, args, options) {
  return run(process.execPath, [join(ROOT, 'node_modules', pkg, bin), ...args], options);
}

/** How to start npm: the npm that runs us, or the one on PATH (a .cmd file on Windows, hence the shell). */
export function npmCommand() {
  const cli = process.env.npm_execpath;
  if (cli && /npm-cli\.c?js$/.test(cli)) return { command: process.execPath, args: [cli], shell: false };
  return { command: 'npm', args: [], shell: process.platform === 'win32' };
}
