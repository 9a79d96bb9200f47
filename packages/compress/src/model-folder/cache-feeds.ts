import { isGossamerError, isInteger, type Model, Tensor } from '@gossamer/graph';
import { modelInputs, openData, type PortSpec, Session } from '@gossamer/runtime';
import type { WorkOptions } from '../progress.js';

export type Feeds = Readonly<Record<string, Tensor>>;

const SWITCH = 'use_cache_branch';

/** Tokens in the cache, tokens of this call, tokens of the encoder's text, and what use_cache_branch says. */
interface Call {
  readonly past: number;
  readonly tokens: number;
  readonly encoded: number;
  readonly usesCache: boolean;
}

/** A call that goes on where a cache ends, and one that begins. A merged decoder is given a cache to begin with too, which it ignores. */
const CALLS: readonly Call[] = [
  { past: 5, tokens: 1, encoded: 7, usesCache: true },
  { past: 0, tokens: 6, encoded: 7, usesCache: false },
];

/**
 * Random inputs for a decoder that takes a cache: sizes that fit one another (a mask as long as cache and tokens together), both branches of
 * a merged one. Only those that the model runs on in ONNX Runtime; none for a model that takes no cache.
 */
export async function cacheFeeds(model: Model, { signal }: WorkOptions = {}): Promise<Feeds[]> {
  const ports = modelInputs(model);
  if (!ports.some(({ name }) => isPast(name))) return [];
  const session = await Session.open(model, signal ? { signal } : {});
  const found: Feeds[] = [];
  try {
    for (const call of CALLS) {
      const feeds = await feedsOf(ports, call);
      if (feeds && (await runsOn(session, feeds))) found.push(feeds);
      signal?.throwIfAborted();
    }
  } finally {
    await session.dispose();
  }
  return found;
}

const isPast = (name: string): boolean => /^past[._]/.test(name);

async function runsOn(session: Session, feeds: Feeds): Promise<boolean> {
  try {
    await session.run(feeds);
    return true;
  } catch (error) {
    if (isGossamerError(error) && error.code === 'ERR_ORT_RUN') return false;
    throw error;
  }
}

async function feedsOf(ports: readonly PortSpec[], call: Call): Promise<Feeds | undefined> {
  const isSeq2Seq = ports.some(({ name }) => name.startsWith('encoder_'));
  const sized = ports.map((port) => {
    const shape = port.shape?.map((dim, axis) => (typeof dim === 'number' ? dim : sizeOf(port, axis, call, isSeq2Seq)));
    return { ...port, shape, optional: false };
  });
  if (sized.some(({ shape, dtype }) => !shape || !dtype || dtype === 'string')) return undefined;
  const data = await openData('random:1', {});
  const drawn: Record<string, Tensor> = {};
  for (const port of sized) {
    // One by one: they need not agree on a first axis.
    for await (const { feeds } of data.batches({ inputs: [port] })) drawn[port.name] = feeds[port.name]!;
    const { dtype, dims } = drawn[port.name]!;
    if (isInteger(dtype) && /mask$/.test(port.name)) drawn[port.name] = filled(dtype, dims, () => 1);
    if (port.name === 'position_ids') drawn[port.name] = filled(dtype, dims, (i) => call.past + (i % call.tokens));
    if (port.name === SWITCH) drawn[port.name] = filled(dtype, dims, () => Number(call.usesCache));
  }
  return drawn;
}

function filled(dtype: Tensor['dtype'], dims: readonly number[], value: (i: number) => number): Tensor {
  const length = dims.reduce((product, dim) => product * dim, 1);
  return Tensor.fromNumbers(
    dtype,
    dims,
    Float64Array.from({ length }, (_, i) => value(i)),
  );
}

/** The size of an open dimension, by the names that exports give to inputs and dimensions. */
function sizeOf({ name, shape }: PortSpec, axis: number, call: Call, isSeq2Seq: boolean): number {
  if (axis === 0) return 1;
  const symbol = String(shape?.[axis] ?? '');
  if (/encoder/.test(symbol.replace('decoder', '')) || /^encoder_|[.]encoder[.]/.test(name)) return call.encoded;
  if (isPast(name)) return call.past;
  const isWhole = /total|\+/.test(symbol) || (name === 'attention_mask' && !isSeq2Seq);
  return isWhole ? call.past + call.tokens : call.tokens;
}
