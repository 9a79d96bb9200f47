import { type DType, elementCount, GossamerError, isFloat, isInteger, Tensor } from '@gossamer/graph';
import { createHash } from 'node:crypto';
import type { RuntimeErrorCode } from '../error-codes.js';
import type { Feeds } from '../session/feeds.js';
import type { PortSpec } from '../session/port-spec.js';
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
  const generators = inputs
    .filter(({ optional }) => !optional)
    .map((spec) => ({ spec, draw: drawer(spec, seed, options) }));
  const fixed = inputs.map(({ shape }) => shape?.[0]).find((dim) => typeof dim === 'number');
  const size = fixed ?? request.batchSize ?? 1;
  const total = Math.min(length, request.limit ?? Infinity);
  for (let at = 0; at < total; at += size) {
    request.signal?.throwIfAborted();
    const rows = typeof fixed === 'number' ? fixed : Math.min(size, total - at);
    const feeds: Feeds = Object.fromEntries(generators.map(({ spec, draw }) => [spec.name, draw(at, rows)]));
    yield { feeds, count: Math.min(rows, total - at) };
  }
}

/** Draws rows [first, first + rows) of an input. */
function drawer(spec: PortSpec, seed: number, options: OpenDataOptions): (first: number, rows: number) => Tensor {
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
  return (first, rows) => {
    const count = shape.length === 0 ? 1 : rows;
    const dims = shape.length === 0 ? [] : [rows, ...frame];
    return drawTensor(stream, dtype, dims, { first, count, elements, maximum }, spec.name);
  };
}

interface Draw {
  readonly first: number;
  readonly count: number;
  readonly elements: number;
  readonly maximum: number;
}

function drawTensor(stream: RandomStream, dtype: DType, dims: readonly number[], draw: Draw, name: string): Tensor {
  const { first, count, elements } = draw;
  if (isFloat(dtype)) {
    const values = new Float32Array(count * elements);
    for (let row = 0; row < count; row++)
      stream.normal(first + row, values.subarray(row * elements, (row + 1) * elements));
    return dtype === 'float32' ? Tensor.of(dtype, dims, values) : Tensor.fromNumbers(dtype, dims, values);
  }
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
