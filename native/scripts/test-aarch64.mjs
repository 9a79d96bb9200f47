// Builds the kernels and their C++ tests for AArch64 and runs them under an emulator: NEON against the scalar definition and
// the oracles. Debian: apt-get install g++-aarch64-linux-gnu qemu-user
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const native = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const build = path.join(native, 'build-aarch64');
const SYSROOT = '/usr/aarch64-linux-gnu';

function run(command, args) {
  const { error, status } = spawnSync(command, args, { stdio: 'inherit' });
  if (error) console.error(`${command}: ${error.message}; expected g++-aarch64-linux-gnu, qemu-user and CMake`);
  if (status !== 0) process.exit(status ?? 4);
}

run('cmake', [
  ...['-S', native, '-B', build, '-DCMAKE_BUILD_TYPE=Release', '-DGOSSAMER_BUILD_TESTS=ON'],
  ...['-DCMAKE_SYSTEM_NAME=Linux', '-DCMAKE_SYSTEM_PROCESSOR=aarch64'],
  ...['-DCMAKE_C_COMPILER=aarch64-linux-gnu-gcc', '-DCMAKE_CXX_COMPILER=aarch64-linux-gnu-g++'],
]);
run('cmake', ['--build', build, '--parallel', '2', '--target', 'gossamer_tests']);
run('qemu-aarch64', ['-L', SYSROOT, path.join(build, 'gossamer_tests')]);
