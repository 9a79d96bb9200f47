// One jest over all packages, then the C++ tests by ctest, then the packing check. Closes with `N passed, N failed`.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { childEnv, ROOT, runBin } from './exec.mjs';

const NO_COUNT = { passed: 0, failed: 1 };

function runJest(args) {
  const folder = mkdtempSync(join(tmpdir(), 'gossamer-test-'));
  const report = join(folder, 'jest.json');
  try {
    const jest = ['-c', 'jest.config.cjs', '--json', `--outputFile=${report}`, ...args];
    const status = runBin('jest', 'bin/jest.js', jest, {
      env: { NODE_ENV: 'test' },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    if (!existsSync(report)) return NO_COUNT;
    const {
      numPassedTests: passed,
      numFailedTests,
      numRuntimeErrorTestSuites,
    } = JSON.parse(readFileSync(report, 'utf8'));
    const failed = numFailedTests + numRuntimeErrorTestSuites;
    // jest also fails for reasons that are no test: no tests found, an open handle, a wrong option.
    return { passed, failed: failed === 0 && status !== 0 ? 1 : failed };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs a program that prints its own counts; `count` reads them from its output. */
function runCounted(command, args, count) {
  const result = spawnSync(command, args, {
    cwd: ROOT,
    encoding: 'utf8',
    env: childEnv(),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  process.stdout.write(result.stdout ?? '');
  if (result.error) console.error(`${command}: ${result.error.message}`);
  const counts = count(result.stdout ?? '') ?? NO_COUNT;
  return counts.failed === 0 && result.status !== 0 ? { ...counts, failed: 1 } : counts;
}

function runCtest() {
  const args = [
    '--test-dir',
    join(ROOT, 'native', 'build'),
    '-C',
    'Release',
    '--output-on-failure',
    '--no-tests=error',
  ];
  return runCounted('ctest', args, (text) => {
    const found = text.match(/(\d+) tests? failed out of (\d+)/);
    return found && { passed: Number(found[2]) - Number(found[1]), failed: Number(found[1]) };
  });
}

function runPackCheck() {
  return runCounted(process.execPath, [join(ROOT, 'tools', 'pack-check.mjs')], (text) => {
    const found = text.match(/packages: (\d+) entries work, (\d+) do not/);
    return found && { passed: Number(found[1]), failed: Number(found[2]) };
  });
}

const args = process.argv.slice(2);
// With arguments (a path, `-t name`) only those tests run.
const counts = args.length > 0 ? [runJest(args)] : [runJest([]), runCtest(), runPackCheck()];
const passed = counts.reduce((sum, count) => sum + count.passed, 0);
const failed = counts.reduce((sum, count) => sum + count.failed, 0);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
