import { GossamerError, Tensor, type TensorData } from '@gossamer/graph';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { RuntimeErrorCode } from '../error-codes.js';
import type { Feeds } from '../session/feeds.js';
import { sliceRows } from '../session/tensor-view.js';
import { filledUp } from './batch-size.js';
import type { Batch, BatchOptions, DataSource, OpenDataOptions } from './data-source.js';
import { fileDigest } from './file-digest.js';

/** What the module's default export may be: an (async) iterable of items, or a function of the batch options that makes one. */
type Items = AsyncIterable<unknown> | Iterable<unknown>;

/**
 * Samples that a module of the user's makes. Its default export is an (async) iterable, or a function `(options) => iterable`, of batches:
 * `{ feeds, labels?, targets?, count?, rows?, steps? }` (see Batch; count defaults to the first axis of the first feed), or plain feeds. A
 * tensor is a Tensor or `{ dtype, dims, data }`. The batch size is the module's.
 */
export async function openModule(path: string, options: OpenDataOptions): Promise<DataSource> {
  return moduleSource(path, await importDefault(path), options);
}

/** A data source over what a module exports by default. */
export function moduleSource(path: string, exported: unknown, options: OpenDataOptions): DataSource {
  if (typeof exported !== 'function' && !isIterable(exported)) {
    throw refuse(path, 'a default export that is an iterable or a function', typeof exported);
  }
  return {
    description: `module ${path}${options.limit === undefined ? '' : `, the first ${options.limit} samples`}`,
    length: undefined,
    latencyOnly: false,
    hasLabels: true,
    hasTargets: true,
    batches: (request = {}) => moduleBatches(path, exported as Items, options, request),
    /** Of the module's own text: what it imports or reads is not seen. */
    digest: () => fileDigest(path),
  };
}

function refuse(path: string, expected: string, received: unknown, cause?: unknown): GossamerError<RuntimeErrorCode> {
  return new GossamerError('ERR_DATA_FILE', `${path}: expected ${expected}, received ${String(received)}`, { cause });
}

async function importDefault(path: string): Promise<unknown> {
  try {
    const loaded = (await import(pathToFileURL(resolve(path)).href)) as { default?: unknown };
    return loaded.default;
  } catch (cause) {
    throw refuse(path, 'a module that can be imported', cause instanceof Error ? cause.message : cause, cause);
  }
}

function isIterable(value: unknown): value is Items {
  return typeof value === 'object' && value !== null && (Symbol.asyncIterator in value || Symbol.iterator in value);
}

async function* moduleBatches(
  path: string,
  exported: Items | ((options: BatchOptions) => unknown),
  options: OpenDataOptions,
  request: BatchOptions,
): AsyncGenerator<Batch> {
  const made: unknown = typeof exported === 'function' ? await exported(request) : exported;
  if (!isIterable(made)) throw refuse(path, 'a function that returns an iterable', typeof made);
  const limit = Math.min(options.limit ?? Infinity, request.limit ?? Infinity);
  let seen = 0;
  for await (const item of made) {
    request.signal?.throwIfAborted();
    const batch = firstOf(toBatch(path, item), limit - seen);
    seen += batch.count;
    yield batch;
    if (seen >= limit) return;
  }
}

/** The first `most` samples of a batch; the others stay in its feeds, as filling. */
function firstOf(batch: Batch, most: number): Batch {
  const { count, rows = count, labels, targets } = batch;
  if (count <= most) return batch;
  const first = (tensor: Tensor) => (tensor.dims[0] === count ? sliceRows(tensor, 0, most) : tensor);
  return {
    ...{ ...batch, count: most, rows },
    ...(labels ? { labels: first(labels) } : {}),
    ...(targets ? { targets: first(targets) } : {}),
  };
}

function toBatch(path: string, item: unknown): Batch {
  if (typeof item !== 'object' || item === null) throw refuse(path, 'batches { feeds, ... }', typeof item);
  const record = item as Record<string, unknown>;
  const whole = typeof record['feeds'] === 'object' && record['feeds'] !== null && !(record['feeds'] instanceof Tensor);
  const feeds = toFeeds(path, whole ? record['feeds'] : record);
  if (!whole) return { feeds, count: firstAxis(feeds) };
  const { labels, targets, steps, count = firstAxis(feeds), rows = count } = record;
  if (!isCount(count, 1)) throw refuse(path, 'a count that is an integer > 0', count);
  if (!isCount(rows, count)) throw refuse(path, `rows that are an integer >= ${count}`, rows);
  return {
    ...{ feeds, count, ...filledUp(rows, count) },
    ...(labels === undefined ? {} : { labels: toTensor(path, 'labels', labels) }),
    ...(targets === undefined ? {} : { targets: toTensor(path, 'targets', targets) }),
    ...(Array.isArray(steps) ? { steps: steps.map((step) => toFeeds(path, step)) } : {}),
  };
}

function isCount(value: unknown, least: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= least;
}

function firstAxis(feeds: Feeds): number {
  return Object.values(feeds)[0]?.dims[0] ?? 1;
}

function toFeeds(path: string, value: unknown): Feeds {
  if (typeof value !== 'object' || value === null) throw refuse(path, 'feeds by input name', typeof value);
  return Object.fromEntries(Object.entries(value).map(([name, tensor]) => [name, toTensor(path, name, tensor)]));
}

function toTensor(path: string, name: string, value: unknown): Tensor {
  if (value instanceof Tensor) return value;
  const plain = value as { dtype?: unknown; dims?: unknown; data?: unknown } | null;
  if (typeof plain?.dtype === 'string' && Array.isArray(plain.dims) && ArrayBuffer.isView(plain.data)) {
    return Tensor.of(plain.dtype as Tensor['dtype'], plain.dims as number[], plain.data as TensorData);
  }
  throw refuse(path, `${name} as a Tensor or { dtype, dims, data }`, typeof value);
}
