import { join } from 'node:path';
import { type Model, Tensor } from '@gossamer/graph';
import { loadModel } from '@gossamer/graph/onnx';
import {
  type Journal,
  mixedPrecision as allot,
  type MixedPrecisionOptions,
  type MixedPrecisionResult,
} from '@gossamer/quantize';
import { dataFromArrays, type DataSource, readNpz } from '@gossamer/runtime';
import { mcNemar } from '../experiments/mcnemar.js';
import { mnistData } from '../experiments/mnist-data.js';
import { perplexityChange, perplexityOf } from '../experiments/perplexity-change.js';
import { testErrors } from '../experiments/test-errors.js';
import { windowLosses } from '../experiments/window-losses.js';
import type { Claim, SuiteFindings, Table } from '../harness/suite-result.js';
import type { Suite, SuiteContext } from '../harness/suite.js';
import { repositoryFolder } from '../package-folder.js';

/** Bits for each layer beside the same bits for all. */
export const mixedPrecision: Suite = {
  name: 'mixed-precision',
  about: 'bits of each layer chosen under a budget of bytes, beside uniform bits, on ResNet-20 and a language model',
  run: measureMixedPrecision,
};

const models = (): string => join(repositoryFolder(), 'fixtures', 'models');

/** A model, its candidates and how its quality is told. */
interface Task {
  readonly name: string;
  readonly model: () => Promise<Model>;
  readonly data: () => Promise<DataSource>;
  readonly options: Omit<MixedPrecisionOptions, 'data' | 'budget' | 'candidates'>;
  readonly candidates: readonly string[];
  /** Budgets: the bytes of these uniform candidates, or the mean of two. The first `claimed` are where uniform bits lose something. */
  readonly budgets: readonly (readonly string[])[];
  readonly claimed: number;
  /** Heading of the quality. */
  readonly column: string;
  readonly quality: (model: Model) => Promise<Quality>;
}

/** Quality on data that nothing was chosen by. */
interface Quality {
  /** Lower is better. */
  readonly value: number;
  readonly cell: string;
  /** How this one compares with another, in one cell. */
  readonly against: (other: Quality) => string;
  readonly data: Uint8Array | Float64Array;
}

const TASKS: readonly Task[] = [
  {
    name: 'resnet20-mnist',
    model: () => loadModel(join(models(), 'resnet20-mnist.onnx')),
    data: async () => digits(1024),
    options: { samples: 768, batchSize: 64, repairs: 150 },
    candidates: ['uint2', 'uint3', 'uint4', 'uint5', 'uint6', 'int8'],
    budgets: [['uint2', 'uint3'], ['uint3'], ['uint3', 'uint4'], ['uint4']],
    claimed: 3,
    column: 'test errors of 10,000',
    quality: digitQuality,
  },
  {
    name: 'tinylm',
    model: () => loadModel(join(models(), 'tinylm.onnx')),
    data: () => trainingText(40),
    options: { samples: 32, batchSize: 8, repairs: 100 },
    candidates: [
      'uint2/32',
      'uint2/64',
      'uint3/32',
      'uint3/64',
      'uint4/32',
      'uint4/64',
      'uint5/32',
      'uint6/32',
      'int8/64',
    ],
    budgets: [['uint2/32'], ['uint3/32'], ['uint4/32']],
    claimed: 3,
    column: 'perplexity',
    quality: textQuality,
  },
];

const SUMMARY = `Weights of every layer (also embeddings and the output) are rounded to nearest at the bits of the row, activations stay float32; bytes are codes, scales (float32) and zero points, and
what stays float. Uniform: the same candidate for all layers. Mixed: chosen under the bytes of the uniform row named, by measured divergence of the outputs on calibration data, dynamic programming, and repair on
held-out calibration data (768 + 192 training digits; 32 + 8 windows of 128 tokens of the training text). Test data chose nothing: all 10,000 test digits, all 563 windows (72,064 tokens) of the held-out text. int8 has a scale for each output
feature of ResNet-20, blocks of 64 in tinylm; a number behind the slash is the block size. Intervals: 95 %, paired bootstrap over windows; p: McNemar, two-sided, exact.
Budgets were fixed before, where the uniform bits that fit lose something: for tinylm those of 2, 3 and 4 bits, for ResNet-20 those of 3 bits and half way to 2 and to 4. Uniform 4 bits cost ResNet-20 nothing, so that there is
nothing to gain: that row is shown without a claim.`;

async function measureMixedPrecision(context: SuiteContext): Promise<SuiteFindings> {
  const tables: Table[] = [];
  const claims: Claim[] = [];
  const data: Record<string, unknown> = {};
  for (const task of TASKS.filter(({ name }) => context.only?.includes(name) ?? true)) {
    const found = await measureTask(task, context);
    tables.push(found.table, found.choices);
    claims.push(...found.claims);
    data[task.name] = found.data;
  }
  return { summary: SUMMARY, claims, tables, data };
}

interface Row {
  readonly name: string;
  readonly bytes: number;
  readonly quality: Quality;
}

async function measureTask(task: Task, context: SuiteContext) {
  const model = await task.model();
  const data = await task.data();
  const common = { ...task.options, data, signal: context.signal, threads: 2 };
  const rows: Row[] = [];
  const measure = async (name: string, bytes: number, changed: Model): Promise<Row> => {
    const row = { name, bytes, quality: await task.quality(changed) };
    context.say(`${task.name}, ${name}: ${bytes} bytes, ${row.quality.cell}`);
    rows.push(row);
    return row;
  };
  const unlimited = { bytes: Infinity };
  const { bytes } = await allot(model, { ...common, candidates: ['float32'], budget: unlimited, repairs: 1 });
  const float = await measure('float32', bytes.after, model);
  const uniform: Row[] = [];
  let journal: Journal = {};
  for (const name of task.candidates) {
    const made = await allot(model, { ...common, candidates: [name], budget: unlimited, repairs: 1, journal });
    journal = { ...journal, ...made.journal };
    uniform.push(await measure(`${name}, every layer`, made.bytes.after, made.simulated));
  }
  const mixed: { budget: number; row: Row; best: Row; result: MixedPrecisionResult }[] = [];
  for (const names of task.budgets) {
    const sizes = names.map((name) => uniform[task.candidates.indexOf(name)]!.bytes);
    const budget = Math.floor(sizes.reduce((a, b) => a + b) / sizes.length);
    const onProgress = ({ stage, done, total }: { stage: string; done: number; total: number | undefined }) =>
      context.onProgress({ stage: `${task.name}, ${names.join(' and ')}: ${stage}`, done, total: total ?? done });
    const result = await allot(model, {
      ...common,
      candidates: task.candidates,
      budget: { bytes: budget },
      journal,
      onProgress,
    });
    journal = { ...journal, ...result.journal };
    const row = await measure(`mixed, bytes of ${names.join(' and ')}`, result.bytes.after, result.simulated);
    const fitting = uniform.filter((other) => other.bytes <= budget);
    const best = fitting.reduce((a, b) => (b.quality.value < a.quality.value ? b : a));
    mixed.push({ budget, row, best, result });
  }
  return {
    table: table(task, rows, float, mixed),
    choices: choiceTable(task, mixed),
    claims: mixed.slice(0, task.claimed).map(({ budget, row, best }) => ({
      claim: `${task.name} in ${budget} bytes: mixed beats the best uniform bits that fit (${best.name})`,
      measured: `${row.quality.cell} beside ${best.quality.cell} (${row.quality.against(best.quality)})`,
      holds: row.quality.value < best.quality.value,
    })),
    data: {
      rows: rows.map(({ name, bytes: size, quality }) => ({ name, bytes: size, value: quality.value })),
      mixed: mixed.map(({ budget, result }) => ({
        budget,
        metric: result.metric,
        layers: result.layers,
        step: result.step,
      })),
    },
  };
}

type Mixed = readonly { readonly row: Row; readonly best: Row; readonly result: MixedPrecisionResult }[];

function table(task: Task, rows: readonly Row[], float: Row, mixed: Mixed): Table {
  return {
    title: task.name,
    columns: ['weights', 'bytes', 'of float', task.column, 'against float', 'against the best uniform that fits'],
    rows: [...rows]
      .sort((a, b) => b.bytes - a.bytes)
      .map((row) => {
        const found = mixed.find((item) => item.row === row);
        const share = `${((100 * row.bytes) / float.bytes).toFixed(1)} %`;
        const against = found ? `${row.quality.against(found.best.quality)} (${found.best.name})` : '';
        const change = row === float ? '' : row.quality.against(float.quality);
        return [row.name, String(row.bytes), share, row.quality.cell, change, against];
      }),
  };
}

/** How many layers and weights each candidate got. */
function choiceTable(task: Task, mixed: Mixed): Table {
  return {
    title: `${task.name}: layers at each candidate`,
    columns: ['', ...task.candidates, 'divergence on held-out data before repair', 'after it'],
    rows: mixed.map(({ row, result }) => [
      row.name,
      ...task.candidates.map((name) => String(result.layers.filter(({ candidate }) => candidate === name).length)),
      result.metric.before.toPrecision(3),
      result.metric.after.toPrecision(3),
    ]),
  };
}

/** The first training digits. */
function digits(count: number): DataSource {
  const all = mnistData('training', [1, 28, 28]);
  const input = new Float32Array(count * 28 * 28);
  all.read(
    Uint32Array.from({ length: count }, (_, i) => i),
    { input },
  );
  return dataFromArrays({ input: Tensor.of('float32', [count, 1, 28, 28], input) });
}

const CONTEXT = 128;

/** Windows spread evenly over the training text. */
async function trainingText(windows: number): Promise<DataSource> {
  const { tokens } = await readNpz(join(models(), 'tinylm-train.npz'));
  const stream = tokens!.toIntegers();
  const step = Math.floor(stream.length / windows);
  const inputs = BigInt64Array.from({ length: windows * CONTEXT }, (_, i) =>
    BigInt(stream[Math.floor(i / CONTEXT) * step + (i % CONTEXT)]!),
  );
  return dataFromArrays({ tokens: Tensor.of('int64', [windows, CONTEXT], inputs) });
}

async function digitQuality(model: Model): Promise<Quality> {
  const { figures, right } = await testErrors(model, mnistData('test', [1, 28, 28]));
  const own = Buffer.from(right!, 'base64');
  return {
    value: figures['errors']!,
    cell: String(figures['errors']),
    data: own,
    against: ({ value, data }) => {
      const onlyHere = own.reduce((sum, ok, i) => sum + (ok > data[i]! ? 1 : 0), 0);
      const onlyThere = own.reduce((sum, ok, i) => sum + (ok < data[i]! ? 1 : 0), 0);
      const difference = figures['errors']! - value;
      return `${difference > 0 ? '+' : ''}${difference} errors, p = ${mcNemar(onlyHere, onlyThere).toPrecision(2)}`;
    },
  };
}

async function textQuality(model: Model): Promise<Quality> {
  const losses = await windowLosses(model, join(models(), 'tinylm-eval-full.npz'));
  const perplexity = perplexityOf(losses);
  const signed = (value: number) => `${value > 0 ? '+' : ''}${value.toFixed(2)}`;
  return {
    value: perplexity,
    cell: perplexity.toFixed(3),
    data: losses,
    against: ({ data }) => {
      const { percent, low, high } = perplexityChange(data as Float64Array, losses);
      return `${signed(percent)} % (${signed(low)} to ${signed(high)})`;
    },
  };
}
