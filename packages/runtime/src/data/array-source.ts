import { GossamerError, type Tensor } from '@gossamer/graph';
import { createHash } from 'node:crypto';
import type { RuntimeErrorCode } from '../error-codes.js';
import { batchSize, filledUp } from './batch-size.js';
import { castTensor } from './cast-tensor.js';
import { type Column, type RowReader, tensorColumn } from './column.js';
import type { Batch, BatchOptions, DataSource, OpenDataOptions } from './data-source.js';
import { type FeedPlan, type InputPlan, planInputs } from './input-plan.js';
import { dropRowAxis, frameAt, padRows } from './row-tensors.js';

export interface ArraySourceOptions extends OpenDataOptions {
  readonly label: string;
  digest(): Promise<string>;
}

/** Samples from arrays in memory, named like the model's inputs (`labels` and `targets` optional); first axis = samples. */
export function dataFromArrays(arrays: Readonly<Record<string, Tensor>>, options: OpenDataOptions = {}): DataSource {
  const entries = Object.entries(arrays);
  const digest = async () => {
    const sha = createHash('sha256');
    for (const [name, tensor] of entries) sha.update(`${name}:${tensor.hash()};`);
    return sha.digest('hex');
  };
  const columns = entries.map(([name, tensor]) => tensorColumn(name, tensor));
  return arraySource(columns, { label: 'arrays', digest, ...options });
}

/** Samples from columns that agree in length; throws ERR_DATA_INPUTS when they do not. */
export function arraySource(columns: readonly Column[], options: ArraySourceOptions): DataSource {
  const samples = commonLength(columns);
  const length = Math.min(samples, options.limit ?? Infinity);
  const has = (name: string) => columns.some((column) => column.name === name);
  const limited = length < samples ? `, the first ${length}` : '';
  return {
    description: `${options.label}: ${samples} samples${limited}${options.sequence ? ', each a sequence' : ''}`,
    length,
    latencyOnly: false,
    hasLabels: has('labels'),
    hasTargets: has('targets'),
    batches: (request = {}) => readBatches(columns, length, options, request),
    digest: async () => {
      const facts = JSON.stringify([await options.digest(), length, options.sequence ?? false]);
      return createHash('sha256').update(facts).digest('hex');
    },
  };
}

function commonLength(columns: readonly Column[]): number {
  const counted = columns.filter(({ rows }) => rows !== undefined);
  const [first] = counted;
  if (!first)
    throw new GossamerError<RuntimeErrorCode>(
      'ERR_DATA_INPUTS',
      'data: expected arrays with a first axis of samples, received none',
    );
  const other = counted.find(({ rows }) => rows !== first.rows);
  if (other) {
    const text = `array ${other.name}: expected ${first.rows} samples as in ${first.name}, received ${other.rows}`;
    throw new GossamerError<RuntimeErrorCode>('ERR_DATA_INPUTS', text);
  }
  return first.rows!;
}

async function* readBatches(
  columns: readonly Column[],
  length: number,
  options: OpenDataOptions,
  request: BatchOptions,
): AsyncGenerator<Batch> {
  const plan = planInputs(columns, request.inputs ?? options.inputs, options.sequence ?? false);
  const total = Math.min(length, request.limit ?? Infinity);
  const size = batchSize(request, plan.fixedBatch);
  const extras = columns.filter(({ name }) => name === 'labels' || name === 'targets');
  const readers = new Map<string, RowReader>();
  try {
    for (const column of [...plan.inputs.map((input) => input.column), ...extras]) {
      const transient = (request.transient ?? false) && !extras.includes(column);
      if (!readers.has(column.name)) readers.set(column.name, await column.open(transient));
    }
    const constants = await readConstants(plan, readers);
    for (let at = 0; at < total; at += size) {
      request.signal?.throwIfAborted();
      const count = Math.min(size, total - at);
      const batch = await readFeeds(plan, readers, count);
      const rows: Partial<Record<string, Tensor>> = {};
      for (const { name } of extras) rows[name] = await readers.get(name)!.next(count);
      const filled = filledUp(plan.fixedBatch ?? count, count);
      yield { ...rows, ...batch, feeds: { ...constants, ...batch.feeds }, count, ...filled };
    }
  } finally {
    for (const reader of readers.values()) reader.close();
  }
}

async function readConstants(plan: FeedPlan, readers: ReadonlyMap<string, RowReader>): Promise<Record<string, Tensor>> {
  const constants: Record<string, Tensor> = {};
  for (const { mode, column, spec } of plan.inputs) {
    if (mode !== 'constant') continue;
    const tensor = await readers.get(column.name)!.next(1);
    constants[spec.name] = castTensor(tensor, spec.dtype ?? tensor.dtype, `input ${spec.name}`);
  }
  return constants;
}

async function readFeeds(
  plan: FeedPlan,
  readers: ReadonlyMap<string, RowReader>,
  count: number,
): Promise<Pick<Batch, 'feeds' | 'steps'>> {
  const feeds: Record<string, Tensor> = {};
  const steps = Array.from({ length: plan.steps ?? 0 }, (): Record<string, Tensor> => ({}));
  for (const input of plan.inputs) {
    if (input.mode === 'constant') continue;
    const rows = await readRows(plan, input, readers.get(input.column.name)!, count);
    const { name } = input.spec;
    if (input.mode === 'batched') feeds[name] = rows;
    else if (input.mode === 'single') feeds[name] = dropRowAxis(rows);
    else steps.forEach((step, t) => (step[name] = frameAt(rows, t, input.mode === 'single-steps')));
  }
  return plan.steps === undefined ? { feeds } : { feeds, steps };
}

async function readRows(plan: FeedPlan, input: InputPlan, reader: RowReader, count: number): Promise<Tensor> {
  const rows = await reader.next(count);
  const cast = castTensor(rows, input.spec.dtype ?? rows.dtype, `input ${input.spec.name}`);
  return plan.fixedBatch !== undefined && plan.fixedBatch > count ? padRows(cast, plan.fixedBatch) : cast;
}
