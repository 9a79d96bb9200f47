// Coverage-guided fuzzing of the readers: `node tools/fuzz-wire.mjs [--seconds N] [--format onnx|safetensors|tfjs] [--report FILE]`.
// Changes known files, part by part, for N seconds a format (default 30); one that reaches code which none reached before is kept
// and changed further. At the end the fewest that reach all of it go to hostile/testing/reached/<format>.txt, a base64 text
// a line, which the specs read again. An input that ends in a plain error is printed and is a finding: exit code 1.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector';
import { createRequire } from 'node:module';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { ROOT } from './exec.mjs';

const TESTING = join(ROOT, 'packages/graph/src/hostile/testing');
/** Inputs between two looks at the coverage, which costs some milliseconds. */
const BATCH = 96;
const MAX_INPUT_BYTES = 4096;

/** The formats and seeds, bundled: Node reads no TypeScript. */
function bundle(folder) {
  const outfile = join(folder, 'formats.cjs');
  const contents = ['fuzz-formats', 'fuzz-seeds', 'random'].map((name) => `export * from './${name}.ts';`).join('\n');
  const options = {
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    logLevel: 'error',
    tsconfigRaw: {},
  };
  // The seeds find the node tests from where their own source is.
  const define = { __dirname: JSON.stringify(join(ROOT, 'packages/graph/src/testing')) };
  buildSync({ stdin: { contents, resolveDir: TESTING, loader: 'ts' }, outfile, define, ...options });
  return outfile;
}

/** Which ranges of the bundle's code were never run, by function. */
class Coverage {
  #session = new Session();
  #script;
  #missing = new Map();

  constructor(script) {
    this.#script = script;
    this.#session.connect();
    this.#session.post('Profiler.enable');
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  forget() {
    this.take();
    this.#missing.clear();
  }

  snapshot() {
    return new Map(this.#missing);
  }

  restore(known) {
    this.#missing = new Map(known);
  }

  /** How many characters of code ran since the last call that never had before. */
  take() {
    let scripts = [];
    this.#session.post('Profiler.takePreciseCoverage', (error, { result }) => (scripts = result));
    let gained = 0;
    for (const { functions } of scripts.filter(({ url }) => url.endsWith(this.#script))) {
      for (const { functionName, ranges } of functions) gained += this.#add(functionName, ranges);
    }
    return gained;
  }

  #add(name, ranges) {
    const [whole] = ranges;
    if (whole.count === 0) return 0;
    const key = `${name}:${whole.startOffset}`;
    const before = this.#missing.get(key) ?? [[whole.startOffset, whole.endOffset]];
    const after = intersection(before, notRun(ranges));
    this.#missing.set(key, after);
    return length(before) - length(after);
  }
}

/** What a function did not run: of nested ranges the innermost counts. */
function notRun(ranges) {
  let missing = [];
  for (const { startOffset, endOffset, count } of ranges) {
    missing = missing.flatMap(([from, to]) => [
      [from, Math.min(to, startOffset)],
      [Math.max(from, endOffset), to],
    ]);
    if (count === 0) missing.push([startOffset, endOffset]);
    missing = missing.filter(([from, to]) => from < to);
  }
  return missing.sort(([a], [b]) => a - b);
}

const intersection = (a, b) =>
  a
    .flatMap(([from, to]) => b.map(([start, end]) => [Math.max(from, start), Math.min(to, end)]))
    .filter(([from, to]) => from < to);

const length = (ranges) => ranges.reduce((sum, [from, to]) => sum + to - from, 0);

function fuzz(name, seconds, { FUZZ_FORMATS, FUZZ_SEEDS, randomBelow, readOutcome }, coverage) {
  const format = FUZZ_FORMATS[name];
  const file = join(TESTING, 'reached', `${name}.txt`);
  const kept = existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];
  const corpus = [...FUZZ_SEEDS[name](), ...kept.map((line) => new Uint8Array(Buffer.from(line, 'base64')))];
  const counts = { executions: 0, findings: 0 };
  const findings = new Set();
  const run = (bytes) => {
    counts.executions++;
    try {
      readOutcome(format, bytes);
    } catch (error) {
      const text = String(error?.stack ?? error)
        .split('\n')
        .slice(0, 3)
        .join(' | ');
      if (findings.has(text)) return;
      findings.add(text);
      console.error(`${name}: ${text}\n  ${Buffer.from(bytes).toString('base64')}`);
    }
  };
  coverage.forget();
  corpus.forEach(run);
  coverage.take();
  const random = randomBelow((Date.now() % 2 ** 31) + name.length);
  for (const end = Date.now() + seconds * 1000; Date.now() < end;) {
    const batch = Array.from({ length: BATCH }, () => {
      // The newest have been changed least.
      const at = random(2) === 0 ? random(corpus.length) : corpus.length - 1 - random(Math.ceil(corpus.length / 8));
      return format.mutate(corpus[at], corpus, random);
    }).filter((bytes) => bytes.length <= MAX_INPUT_BYTES);
    const known = coverage.snapshot();
    batch.forEach(run);
    if (coverage.take() === 0) continue;
    coverage.restore(known);
    for (const bytes of batch) {
      run(bytes);
      if (coverage.take() > 0) corpus.push(bytes);
    }
  }
  const seeds = FUZZ_SEEDS[name]();
  const reached = minimal(seeds, corpus.slice(seeds.length), run, coverage);
  writeFileSync(file, reached.map((bytes) => `${Buffer.from(bytes).toString('base64')}\n`).join(''));
  const bytes = reached.reduce((sum, input) => sum + input.length, 0);
  return {
    format: name,
    seconds,
    executions: counts.executions,
    inputs: reached.length,
    bytes,
    findings: findings.size,
  };
}

/** Those that reach something beyond the seeds, the shortest first. */
function minimal(seeds, inputs, run, coverage) {
  coverage.forget();
  seeds.forEach(run);
  coverage.take();
  return inputs
    .sort((a, b) => a.length - b.length)
    .filter((bytes) => {
      run(bytes);
      return coverage.take() > 0;
    });
}

function reportOf(results, seconds) {
  const columns = ['format', 'executions', 'inputs', 'bytes', 'findings'];
  return `${[
    '# fuzzing of readers',
    '',
    'Files of each format are changed part by part (fields of messages, entries of headers, values of documents; one in four in its bytes),',
    'guided by the code they reach (V8 block coverage). `inputs` and `bytes` are those kept beyond the seeds, in',
    '`packages/graph/src/hostile/testing/reached`; the specs read them again, as they do the files that once broke something.',
    '',
    '```sh',
    `node tools/fuzz-wire.mjs --seconds ${seconds} --report docs/benchmarks/fuzzing-readers.md`,
    '```',
    '',
    `- ${cpus()[0].model.trim()}, ${cpus().length} cores, Node ${process.version}`,
    `- ${new Date().toISOString()}, ${seconds} s a format`,
    '',
    `| ${columns.join(' | ')} |`,
    `| ${columns.map(() => '---').join(' | ')} |`,
    ...results.map((result) => `| ${columns.map((column) => result[column]).join(' | ')} |`),
  ].join('\n')}\n`;
}

const option = (name) => (process.argv.includes(name) ? process.argv[process.argv.indexOf(name) + 1] : undefined);
const seconds = Number(option('--seconds') ?? 30);
const folder = mkdtempSync(join(tmpdir(), 'gossamer-fuzz-'));
try {
  const script = bundle(folder);
  const coverage = new Coverage('formats.cjs');
  const formats = createRequire(import.meta.url)(script);
  const names = option('--format') === undefined ? Object.keys(formats.FUZZ_FORMATS) : [option('--format')];
  if (!(seconds > 0) || !names.every((name) => Object.hasOwn(formats.FUZZ_FORMATS, name))) {
    console.error(
      `fuzz-wire: expected --seconds above 0 and --format of ${Object.keys(formats.FUZZ_FORMATS).join(', ')}`,
    );
    process.exit(2);
  }
  const results = names.map((name) => {
    const result = fuzz(name, seconds, formats, coverage);
    const { executions, inputs, bytes, findings } = result;
    console.log(`${name}: ${executions} executions, ${inputs} inputs of ${bytes} bytes kept, ${findings} findings`);
    return result;
  });
  const report = option('--report');
  if (report !== undefined) writeFileSync(join(ROOT, report), reportOf(results, seconds));
  process.exitCode = results.some(({ findings }) => findings > 0) ? 1 : 0;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
