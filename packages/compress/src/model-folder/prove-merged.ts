import { GossamerError, type Model, Tensor } from '@gossamer/graph';
import { createMetric, openData, type PortSpec, Session } from '@gossamer/runtime';
import type { CompressErrorCode } from '../error-codes.js';
import { isEqualOutputs } from '../optimize.js';
import type { WorkOptions } from '../progress.js';

/** Length of every open dimension: caches and masks agree on it. */
const LENGTH = 12;

/**
 * Proves in ONNX Runtime that each branch of `merged` gives what its decoder gives, on random inputs and caches. Throws ERR_GATE when one
 * does not.
 */
export async function proveMerged(
  merged: Model,
  branches: readonly { readonly decoder: Model; readonly usesCache: boolean }[],
  { signal }: WorkOptions = {},
): Promise<void> {
  const session = await Session.open(merged, signal ? { signal } : {});
  try {
    for (const { decoder, usesCache } of branches) {
      const reference = await Session.open(decoder, signal ? { signal } : {});
      try {
        await compareBranch(session, reference, usesCache);
      } finally {
        await reference.dispose();
      }
      signal?.throwIfAborted();
    }
  } finally {
    await session.dispose();
  }
}

async function compareBranch(session: Session, reference: Session, usesCache: boolean): Promise<void> {
  const own = await draw(reference.inputs);
  const others = session.inputs.filter(({ name }) => !Object.hasOwn(own, name) && name !== 'use_cache_branch');
  const feeds = {
    ...own,
    ...(await draw(others)),
    use_cache_branch: Tensor.of('bool', [1], Uint8Array.of(Number(usesCache))),
  };
  const names = reference.outputs.map(({ name }) => name);
  const batch = { count: 1, reference: await reference.run(own) };
  const outputs = await session.run(feeds, { outputs: names });
  const [sqnr, largest] = (['sqnr', 'max-abs-error'] as const).map((name) => {
    const metric = createMetric(name);
    metric.update(outputs, batch);
    return metric.result().value;
  });
  if (isEqualOutputs(sqnr!, largest)) return;
  throw new GossamerError<CompressErrorCode>(
    'ERR_GATE',
    `merged decoder, use_cache_branch ${usesCache}: expected the outputs of its decoder, received ${sqnr!.toFixed(1)} dB`,
  );
}

async function draw(inputs: readonly PortSpec[]): Promise<Record<string, Tensor>> {
  if (inputs.length === 0) return {};
  const data = await openData('random:1', { openSize: LENGTH });
  const wanted = inputs.map((port) => ({ ...port, optional: false }));
  for await (const { feeds } of data.batches({ inputs: wanted })) return feeds;
  throw new Error('random data: one sample was asked for, none came');
}
