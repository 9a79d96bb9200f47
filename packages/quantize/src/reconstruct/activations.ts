import { type Model, Tensor } from '@gossamer/graph';
import { Session, sliceRows } from '@gossamer/runtime';

/** Values by name, all samples of each: [samples, ...]. */
export type Activations = ReadonlyMap<string, Tensor>;

export interface RunOptions {
  /** Samples of a run. */
  readonly batch: number;
  readonly threads?: number;
  readonly signal?: AbortSignal;
}

/** Runs `model` over all samples of its inputs and returns its outputs; the first axis of all is that of the samples. */
export async function runOver(
  model: Model,
  inputs: Activations,
  { batch, threads, signal }: RunOptions,
): Promise<Activations> {
  const names = model.graph.inputs.filter(({ initializer }) => !initializer).map(({ name }) => name);
  const samples = inputs.get(names[0]!)!.dims[0]!;
  const session = await Session.open(model, { engine: 'ort', ...(threads === undefined ? {} : { threads }) });
  const parts = new Map<string, Tensor[]>();
  try {
    for (let first = 0; first < samples; first += batch) {
      signal?.throwIfAborted();
      const end = Math.min(samples, first + batch);
      const feeds = Object.fromEntries(names.map((name) => [name, sliceRows(inputs.get(name)!, first, end)]));
      for (const [name, tensor] of Object.entries(await session.run(feeds))) {
        parts.set(name, [...(parts.get(name) ?? []), tensor]);
      }
    }
  } finally {
    await session.dispose();
  }
  return new Map([...parts].map(([name, list]) => [name, joinRows(list)]));
}

/** One tensor of all rows. */
export function joinRows(list: readonly Tensor[]): Tensor {
  const [first] = list;
  const rows = list.reduce((sum, { dims }) => sum + dims[0]!, 0);
  const bytes = new Uint8Array(list.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const tensor of list) {
    bytes.set(tensor.bytes(), at);
    at += tensor.byteLength;
  }
  return Tensor.of(first!.dtype, [rows, ...first!.dims.slice(1)], bytes);
}
