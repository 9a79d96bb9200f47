// Fuzzes the native code: `node tools/native.mjs fuzz [--seconds N] [--target T] [--report FILE]`. Builds native/fuzz with Clang's
// libFuzzer, AddressSanitizer and UndefinedBehaviorSanitizer into native/build-fuzz, runs each target for N seconds (default 20),
// and keeps in native/fuzz/corpus/<target> each input that reaches new code, and each that broke something.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { ROOT, run } from './exec.mjs';

const FUZZ = join(ROOT, 'native', 'fuzz');
const BUILD = join(ROOT, 'native', 'build-fuzz');
const MAX_INPUT_BYTES = 256;

const TARGETS = readdirSync(FUZZ)
  .filter(
    (name) => name.endsWith('.cc') && readFileSync(join(FUZZ, name), 'utf8').includes('int LLVMFuzzerTestOneInput('),
  )
  .map((name) => name.slice(0, -'.cc'.length));

/** clang++ and its C twin under the names that distributions give them, newest first; undefined when there is none. */
function findClang() {
  for (const suffix of ['', ...Array.from({ length: 16 }, (_, i) => `-${25 - i}`)]) {
    if (spawnSync(`clang++${suffix}`, ['--version']).status === 0)
      return { c: `clang${suffix}`, cxx: `clang++${suffix}` };
  }
  return undefined;
}

function build({ c, cxx }, targets) {
  const defines = ['CMAKE_BUILD_TYPE=RelWithDebInfo', `CMAKE_C_COMPILER=${c}`, `CMAKE_CXX_COMPILER=${cxx}`];
  defines.push(
    'GOSSAMER_BUILD_TESTS=ON',
    'GOSSAMER_FUZZ=ON',
    'GOSSAMER_SANITIZE=address,undefined,float-cast-overflow',
  );
  const configure = ['-S', join(ROOT, 'native'), '-B', BUILD, ...defines.map((define) => `-D${define}`)];
  const named = targets.map((target) => `fuzz_${target}`);
  return run('cmake', configure) || run('cmake', ['--build', BUILD, '--parallel', '2', '--target', ...named]);
}

/** One run of a target; what libFuzzer says at the end, as numbers. */
function libFuzzer(target, args) {
  const { stderr, status } = spawnSync(join(BUILD, `fuzz_${target}`), [`-max_len=${MAX_INPUT_BYTES}`, ...args], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  const [, executions, edges] = /^#(\d+)\s+DONE\s+cov: (\d+)/m.exec(stderr) ?? [];
  return { status, stderr, executions: Number(executions ?? 0), edges: Number(edges ?? 0) };
}

function fuzz(target, seconds) {
  const kept = join(FUZZ, 'corpus', target);
  const grown = join(BUILD, 'corpus', target);
  for (const folder of [kept, grown]) mkdirSync(folder, { recursive: true });
  const before = new Set(readdirSync(kept));
  const args = [`-max_total_time=${seconds}`, '-print_final_stats=1', `-artifact_prefix=${kept}/`, grown, kept];
  const { status, stderr, executions, edges } = libFuzzer(target, args);
  if (status !== 0) console.error(stderr.split('\n').slice(-60).join('\n'));
  // By code reached alone: how often it ran would keep hundreds of inputs more.
  else libFuzzer(target, ['-merge=1', '-use_counters=0', kept, grown]);
  const files = readdirSync(kept);
  const bytes = files.reduce((sum, name) => sum + statSync(join(kept, name)).size, 0);
  const findings = files.filter((name) => !before.has(name) && /^(crash|leak|oom|timeout)-/.test(name)).length;
  return { target, seconds, executions, edges, inputs: files.length, bytes, findings, failed: status !== 0 };
}

function reportOf(results) {
  const columns = ['target', 'seconds', 'executions', 'edges', 'inputs', 'bytes', 'findings'];
  const rows = results.map((result) => `| ${columns.map((column) => result[column]).join(' | ')} |`);
  return `${[
    '# fuzzing of native code',
    '',
    'libFuzzer with AddressSanitizer and UndefinedBehaviorSanitizer over every kernel (each instruction set against the definition)',
    "and over the addon's operations with their argument checks. `edges` are those reached, `inputs` and `bytes` the corpus that is",
    'kept in native/fuzz/corpus and that ctest runs again in every build.',
    '',
    '```sh',
    `node tools/native.mjs fuzz --seconds ${results[0].seconds} --report docs/benchmarks/fuzzing-native.md`,
    '```',
    '',
    `- ${cpus()[0].model.trim()}, ${cpus().length} cores, ${process.platform} ${process.arch}`,
    `- ${new Date().toISOString()}`,
    '',
    `| ${columns.join(' | ')} |`,
    `| ${columns.map(() => '---').join(' | ')} |`,
    ...rows,
  ].join('\n')}\n`;
}

/** Runs with these options; an exit code: 1 a finding, 2 wrong options, 4 no Clang. */
export function fuzzNative(args) {
  const option = (name) => (args.includes(name) ? args[args.indexOf(name) + 1] : undefined);
  const seconds = Number(option('--seconds') ?? 20);
  const targets = option('--target') === undefined ? TARGETS : [option('--target')];
  if (!(seconds > 0) || !targets.every((target) => TARGETS.includes(target))) {
    console.error(`fuzz: expected --seconds above 0 and --target of ${TARGETS.join(', ')}, received ${args.join(' ')}`);
    return 2;
  }
  const clang = findClang();
  if (clang === undefined) {
    console.error('fuzz: expected clang++ with libFuzzer (Debian: clang, libclang-rt-dev), found none');
    return 4;
  }
  const status = build(clang, targets);
  if (status !== 0) return status;
  const results = targets.map((target) => {
    const result = fuzz(target, seconds);
    console.log(
      `${target}: ${result.executions} executions, ${result.edges} edges, ${result.inputs} inputs, ${result.findings} findings`,
    );
    return result;
  });
  const report = option('--report');
  if (report !== undefined && existsSync(join(ROOT, 'docs'))) writeFileSync(join(ROOT, report), reportOf(results));
  return results.some(({ failed }) => failed) ? 1 : 0;
}
