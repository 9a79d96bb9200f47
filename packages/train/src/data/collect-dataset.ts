import { type DType, GossamerError, Tensor } from '@gossamer/graph';
import { castTensor, type DataSource, type PortSpec } from '@gossamer/runtime';
import type { TrainErrorCode } from '../error-codes.js';
import { arrayDataset } from './array-dataset.js';
import type { Dataset } from './dataset.js';

export interface CollectOptions {
  /** What the model expects. */
  readonly inputs: readonly PortSpec[];
  /** Samples at most. Default: all. */
  readonly limit?: number;
  readonly signal?: AbortSignal;
  /** Samples read so far. */
  readonly onProgress?: (done: number, total: number | undefined) => void;
}

/** Samples read at a time. */
const PIECE = 256;

/**
 * Reads a data source into memory, to be read in any order: inputs by name, `labels` as int64, `targets` as they are, float32 for half
 * precision. Throws
 * ERR_TRAIN_DATA for sequences of steps and for a source without samples.
 */
export async function collectDataset(source: DataSource, options: CollectOptions): Promise<Dataset> {
  const parts = new Map<string, Tensor[]>();
  let done = 0;
  const keep = (name: string, tensor: Tensor, count: number, dtype = widened(tensor.dtype)) => {
    const rows = tensor.dims[0] === count ? tensor : firstRows(tensor, count);
    const list = parts.get(name) ?? [];
    list.push(rows.dtype === dtype ? rows : castTensor(rows, dtype, name));
    parts.set(name, list);
  };
  for await (const batch of source.batches({
    inputs: options.inputs.map((port) => ({ ...port, dtype: widened(port.dtype) })),
    batchSize: PIECE,
    ...(options.limit === undefined ? {} : { limit: options.limit }),
    ...(options.signal ? { signal: options.signal } : {}),
  })) {
    if (batch.steps)
      throw new GossamerError<TrainErrorCode>('ERR_TRAIN_DATA', 'data: expected samples, received sequences of steps');
    for (const [name, tensor] of Object.entries(batch.feeds)) keep(name, tensor, batch.count);
    if (batch.labels) keep('labels', batch.labels, batch.count, 'int64');
    if (batch.targets) keep('targets', batch.targets, batch.count);
    done += batch.count;
    options.onProgress?.(done, source.length);
  }
  if (done === 0)
    throw new GossamerError<TrainErrorCode>('ERR_TRAIN_DATA', `${source.description}: expected samples, received none`);
  return arrayDataset(Object.fromEntries([...parts].map(([name, list]) => [name, joined(list)])));
}

/** Training is in float32. */
const widened = <T extends DType | undefined>(dtype: T): T | 'float32' =>
  dtype === 'float16' || dtype === 'bfloat16' ? 'float32' : dtype;

function firstRows(tensor: Tensor, count: number): Tensor {
  const bytes = tensor.bytes();
  return Tensor.of(
    tensor.dtype,
    [count, ...tensor.dims.slice(1)],
    bytes.subarray(0, (bytes.length / tensor.dims[0]!) * count),
  );
}

function joined(list: readonly Tensor[]): Tensor {
  const rows = list.reduce((sum, { dims }) => sum + dims[0]!, 0);
  const bytes = new Uint8Array(list.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const tensor of list) {
    bytes.set(tensor.bytes(), at);
    at += tensor.byteLength;
  }
  return Tensor.of(list[0]!.dtype, [rows, ...list[0]!.dims.slice(1)], bytes);
}
