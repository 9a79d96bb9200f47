import type { Model, Tensor, Value } from '@gossamer/graph';
import {
  calibrate,
  type DataSource,
  modelInputs,
  Session,
  type SessionOptions,
  type TensorStatistics,
  valueId,
} from '@gossamer/runtime';
import type { InputGroup } from './input-groups.js';

/** Options of runs that look at activations. */
export interface ObserveOptions {
  readonly data: DataSource;
  /** Most samples. Default 128. */
  readonly samples?: number;
  /** Threads of a run. Default: all cores. */
  readonly threads?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What of them a run takes. */
export function runOptions({ threads, signal }: ObserveOptions): Pick<SessionOptions, 'threads' | 'signal'> {
  return { ...(threads === undefined ? {} : { threads }), ...(signal ? { signal } : {}) };
}

/** The first samples of the data. */
export function limitedData({ data, samples = 128 }: ObserveOptions): DataSource {
  return { ...data, batches: (options) => data.batches({ limit: samples, ...options }) };
}

/** Largest magnitude of each channel that a group reads, [channels], over the data: one run of the model for all groups. */
export async function channelMagnitudes(
  model: Model,
  groups: readonly InputGroup[],
  options: ObserveOptions,
): Promise<Map<InputGroup, Float64Array>> {
  const requests = groups.flatMap(({ readers }) =>
    readers.map(({ view, axis }) => ({ value: view.node.input(0)!, axis, histogram: false })),
  );
  const { statistics } = await calibrate(model, requests, limitedData(options), runOptions(options));
  return new Map(groups.map((group) => [group, magnitudesOf(group, statistics)]));
}

function magnitudesOf(
  { channels, readers }: InputGroup,
  statistics: ReadonlyMap<string, TensorStatistics>,
): Float64Array {
  const largest = new Float64Array(channels);
  for (const { view, channelOf } of readers) {
    const ranges = statistics.get(valueId(view.node.input(0)!))?.channels;
    channelOf.forEach((channel, i) => {
      const size = ranges ? Math.max(-ranges.min[i]!, ranges.max[i]!) : 0;
      if (Number.isFinite(size)) largest[channel] = Math.max(largest[channel]!, size);
    });
  }
  return largest;
}

/** Rows of a value of the main graph: what a product reads. */
export interface InputRows {
  /** [rows, columns], row-major. */
  readonly data: Float32Array;
  readonly columns: number;
}

/**
 * Rows along the last axis of values of the main graph, at most `rows` of each, spread evenly over the data. Memory: rows x columns of
 * each value.
 */
export async function collectRows(
  model: Model,
  values: readonly Value[],
  rows: number,
  options: ObserveOptions,
): Promise<Map<Value, InputRows>> {
  const { data, samples = 128, signal } = options;
  const copy = model.clone();
  const wanted = new Map<string, Value>();
  for (const value of values) {
    const twin = value.graph === model.graph ? copy.graph.value(value.name) : undefined;
    if (!twin) continue;
    wanted.set(value.name, value);
    if (!twin.isOutput) copy.graph.addOutput(twin);
  }
  const total = Math.max(1, Math.min(samples, data.length ?? samples));
  const found = new Map<Value, InputRows[]>();
  let sample = 0;
  const session = await Session.open(copy, runOptions(options));
  try {
    for await (const batch of data.batches({
      inputs: modelInputs(model),
      limit: total,
      ...(signal ? { signal } : {}),
    })) {
      const outputs = await session.run({ ...batch.feeds, ...batch.steps?.[0] }, { outputs: [...wanted.keys()] });
      for (const [name, value] of wanted) {
        const parts = found.get(value) ?? [];
        parts.push(pickRows(outputs[name]!, Math.ceil(rows / total), sample));
        found.set(value, parts);
      }
      sample++;
    }
  } finally {
    await session.dispose();
  }
  return new Map(Array.from(found, ([value, parts]) => [value, joined(parts)]));
}

/** At most `count` rows, evenly spread; other ones from sample to sample. */
function pickRows(tensor: Tensor, count: number, sample: number): InputRows {
  const columns = tensor.dims.at(-1) ?? 1;
  const rows = tensor.length / columns;
  const all = tensor.toFloat32();
  if (rows <= count) return { data: all.slice(), columns };
  const data = new Float32Array(count * columns);
  // Multiples of the golden ratio fall evenly into [0, 1).
  const phase = (0.5 + sample * 0.618034) % 1;
  for (let i = 0; i < count; i++) {
    const row = Math.floor(((i + phase) * rows) / count);
    data.set(all.subarray(row * columns, (row + 1) * columns), i * columns);
  }
  return { data, columns };
}

function joined(parts: readonly InputRows[]): InputRows {
  const data = new Float32Array(parts.reduce((sum, part) => sum + part.data.length, 0));
  let at = 0;
  for (const part of parts) {
    data.set(part.data, at);
    at += part.data.length;
  }
  return { data, columns: parts[0]!.columns };
}
