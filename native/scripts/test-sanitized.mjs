// Runs the specs of packages/kernels against the addon of `npm run build:asan`, in a Node that preloads the sanitizers.
// Linux with gcc: other toolchains name and preload their runtime differently.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const native = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const root = path.dirname(native);
const addon = path.join(native, 'build-asan', 'RelWithDebInfo', 'gossamer_native.node');

/** Where gcc keeps the runtime of one sanitizer. */
function runtime(name) {
  return execFileSync('gcc', [`-print-file-name=${name}`], { encoding: 'utf8' }).trim();
}

if (process.platform !== 'linux' || !existsSync(addon)) {
  console.error(`test:asan: expected Linux and a build of \`npm run build:asan\` at ${addon}, found none`);
  process.exit(4);
}
const jest = path.join(root, 'node_modules', 'jest', 'bin', 'jest.js');
const args = [
  jest,
  '-c',
  path.join(root, 'jest.config.cjs'),
  '--runInBand',
  'packages/kernels',
  ...process.argv.slice(2),
];
const env = {
  ...process.env,
  NODE_ENV: 'test',
  GOSSAMER_NATIVE_PATH: addon,
  LD_PRELOAD: `${runtime('libasan.so')} ${runtime('libubsan.so')}`,
  // Node itself leaks by design at exit.
  ASAN_OPTIONS: 'detect_leaks=0',
  UBSAN_OPTIONS: 'halt_on_error=1,print_stacktrace=1',
};
const result = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit', env });
process.exit(result.status ?? 1);
