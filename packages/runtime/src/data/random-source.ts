import { type DType, elementCount, GossamerError, isFloat, isInteger, Tensor } from '@gossamer/graph';
import { createHash } from 'node:crypto';
import type { RuntimeErrorCode } from '../error-codes.js';
import type { Feeds } from '../session/feeds.js';
import type { PortSpec } from '../session/port-spec.js';
import { batchSize, filledUp } from './batch-size.js';
import type { Batch, BatchOptions, DataSource, OpenDataOptions } from './data-source.js';
import { RandomStream } from './random-values.js';

/** Sizes of open dimensions that `bindings` does not name: pixels of a 4-D float input, else a short sequence. */
const OPEN_PIXELS = 64;
const OPEN_LENGTH = 16;

/**
 * `count` random samples: standard normal floats; integers in [0, maximum), where maximum is the option, else the size of the table they
 * index, else 2; bools 0 or 1. A value depends on the seed, the input's name, the sample and its position only (Philox4x32-10).
 * For latency, and for comparing two variants of one model; says nothing about quality.
 */
export function openRandom(count: number, options: OpenDataOptions): DataSource {
  if (!(Number.isSafeInteger(count) && count > 0)) {
    throw new GossamerError<RuntimeErrorCode>(
      'ERR_DATA_SPEC',
      `random: expected a number of samples > 0, received ${count}`,
    );
  }
  requireSizes(options);
  const length = Math.min(count, options.limit ?? Infinity);
  const seed = options.seed ?? 0;
  return {
    description: `random: ${length} samples, seed ${seed} (latency only: says nothing about quality)`,
    length,
    latencyOnly: true,
    hasLabels: false,
    hasTargets: false,
    batches: (request = {}) => drawBatches(length, seed, options, request),
    digest: async () => {
      const facts = JSON.stringify([
        length,
        seed,
        options.maximum ?? null,
        options.bindings ?? null,
        options.openSize ?? null,
      ]);
      return createHash('sha256').update(`random ${facts}`).digest('hex');
    },
  };
}

function requireSizes({ maximum = 1, openSize = 0, bindings = {} }: OpenDataOptions): void {
  const sizes = Object.entries(bindings).map(([name, size]) => [`bindings.${name}`, size, 0] as const);
  for (const [name, value, least] of [['maximum', maximum, 1], ['openSize', openSize, 0], ...sizes] as const) {
    if (Number.isSafeInteger(value) && value >= least) continue;
    const text = `${name}: expected an integer >= ${least}, received ${value}`;
    throw new GossamerError<RuntimeErrorCode>('ERR_OPTION', text);
  }
}

async function* drawBatches(
  length: number,
  seed: number,
  options: OpenDataOptions,
  request: BatchOptions,
): AsyncGenerator<Batch> {
  const inputs = request.inputs ?? options.inputs;
  if (!inputs) {
    throw new GossamerError<RuntimeErrorCode>(
      'ERR_DATA_INPUTS',
      'random: expected the model whose inputs to draw, received none',
    );
  }
  const fed = inputs.filter(({ optional }) => !optional);
  const generators = fed.map((spec) => ({ spec, draw: drawer(spec, seed, options, request.transient ?? false) }));
  const fixed = fixedBatch(fed);
  const size = batchSize(request, fixed);
  const total = Math.min(length, request.limit ?? Infinity);
  for (let at = 0; at < total; at += size) {
    request.signal?.throwIfAborted();
    const rows = fixed ?? Math.min(size, total - at);
    const feeds: Feeds = Object.fromEntries(generators.map(({ spec, draw }) => [spec.name, draw(at, rows)]));
    const count = Math.min(rows, total - at);
    yield { feeds, count, ...filledUp(rows, count) };
  }
}

/** The batch that all inputs insist on. */
function fixedBatch(inputs: readonly PortSpec[]): number | undefined {
  const [first, ...others] = inputs.flatMap(({ shape }) => (shape && shape.length > 0 ? [shape[0]] : []));
  return typeof first === 'number' && others.every((dim) => dim === first) ? first : undefined;
}

/** Draws the rows of an input from sample `first` on. A fixed first axis keeps its size whatever the batch. */
function drawer(
  spec: PortSpec,
  seed: number,
  options: OpenDataOptions,
  transient: boolean,
): (first: number, rows: number) => Tensor {
  const { dtype, shape } = spec;
  if (!dtype || !shape) {
    const text = `input ${spec.name}: expected a declared type and rank for random data, received none`;
    throw new GossamerError<RuntimeErrorCode>('ERR_DATA_INPUTS', text);
  }
  const stream = new RandomStream(seed, spec.name);
  const frame = shape.slice(1).map((dim) => {
    if (typeof dim === 'number') return dim;
    return (
      (dim !== undefined ? options.bindings?.[dim] : undefined) ??
      options.openSize ??
      (shape.length === 4 ? OPEN_PIXELS : OPEN_LENGTH)
    );
  });
  const elements = elementCount(frame);
  const maximum = options.maximum ?? spec.maximum ?? 2;
  let scratch: Float32Array<ArrayBuffer> | undefined;
  return (first, rows) => {
    const count = shape.length === 0 ? 1 : typeof shape[0] === 'number' ? shape[0] : rows;
    const dims = shape.length === 0 ? [] : [count, ...frame];
    if (dtype !== 'float32') return drawTensor(stream, dtype, dims, { first, count, elements, maximum }, spec.name);
    const reused = transient && scratch?.length === count * elements ? scratch : undefined;
    scratch = drawFloats(stream, first, count, elements, reused);
    return Tensor.of(dtype, dims, scratch);
  };
}

interface Draw {
  readonly first: number;
  readonly count: number;
  readonly elements: number;
  readonly maximum: number;
}

function drawFloats(
  stream: RandomStream,
  first: number,
  count: number,
  elements: number,
  out = new Float32Array(count * elements),
): Float32Array<ArrayBuffer> {
  for (let row = 0; row < count; row++) stream.normal(first + row, out.subarray(row * elements, (row + 1) * elements));
  return out;
}

function drawTensor(stream: RandomStream, dtype: DType, dims: readonly number[], draw: Draw, name: string): Tensor {
  const { first, count, elements } = draw;
  if (isFloat(dtype)) return Tensor.fromNumbers(dtype, dims, drawFloats(stream, first, count, elements));
  if (!isInteger(dtype) && dtype !== 'bool') {
    throw new GossamerError<RuntimeErrorCode>(
      'ERR_DATA_INPUTS',
      `input ${name}: expected numbers for random data, received ${dtype}`,
    );
  }
  const values = dtype === 'int64' ? new BigInt64Array(count * elements) : new Float64Array(count * elements);
  const maximum = Math.min(
    draw.maximum,
    dtype === 'bool' ? 2 : dtype === 'int8' ? 128 : dtype === 'uint8' ? 256 : 2 ** 31,
  );
  for (let row = 0; row < count; row++) {
    const base = row * elements;
    stream.integers(first + row, maximum, elements, (value, position) => {
      if (values instanceof BigInt64Array) values[base + position] = BigInt(value);
      else values[base + position] = value;
    });
  }
  return values instanceof BigInt64Array ? Tensor.of(dtype, dims, values) : Tensor.fromNumbers(dtype, dims, values);
}
