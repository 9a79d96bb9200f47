import { arrangeAsMatrix, type Model } from '@gossamer/graph';
import type { Dataset } from '@gossamer/train';
import type { PrunableWeight } from '../weights/find-weights.js';
import { type GradientOptions, GradientSession } from './gradient-session.js';
import { type GradientStatistic, STATISTICS } from './gradient-statistics.js';
import { FISHER_BLOCK, FISHER_DAMPING, InverseFisher } from './inverse-fisher.js';
import { squaredGradients } from './squared-gradients.js';

export type StatisticOptions = Omit<GradientOptions, 'parameters'>;

/** Bytes of inverse Fisher blocks at a time; what needs more is gone through in several passes over the data. */
const MOST_BYTES = 2 ** 28;

/** A statistic of every weight of which gradients are known, in the layout of its matrices. */
export async function weightStatistics(
  model: Model,
  weights: readonly PrunableWeight[],
  dataset: Dataset,
  what: GradientStatistic,
  options: StatisticOptions = {},
): Promise<Map<PrunableWeight, Float64Array>> {
  const found = new Map<PrunableWeight, Float64Array>();
  if (what === 'inverse-fisher') {
    for await (const [weight, fisher] of inverseFishers(model, weights, dataset, options))
      found.set(weight, fisher.diagonal());
    return found;
  }
  const { batch, gather } = STATISTICS[what];
  await withSession(model, weights, dataset, { ...options, ...(batch ? { batch } : {}) }, async (session) => {
    const arrays = await gather(session);
    for (const weight of weights) {
      const own = inMain(model, weight) && arrays.get(weight.view.source.name);
      if (own) found.set(weight, arrangeAsMatrix(weight.view, own));
    }
  });
  return found;
}

/** The inverse Fisher information of one weight after another; not to be kept, as each may be large. */
export async function* inverseFishers(
  model: Model,
  weights: readonly PrunableWeight[],
  dataset: Dataset,
  options: StatisticOptions = {},
): AsyncGenerator<[PrunableWeight, InverseFisher]> {
  const single = { ...options, batch: 1 };
  const squares = await withSession(model, weights, dataset, single, squaredGradients);
  const known = weights.filter((weight) => inMain(model, weight) && squares?.has(weight.view.source.name));
  for (const part of parts(known)) {
    const fishers = new Map(
      part.map((weight) => {
        const own = arrangeAsMatrix(weight.view, squares!.get(weight.view.source.name)!);
        // Where all gradients are 0 any damping will do.
        const lambda = (FISHER_DAMPING * own.reduce((a, b) => a + b, 0)) / own.length || 1;
        return [weight, new InverseFisher(own.length, lambda, dataset.length)];
      }),
    );
    await withSession(model, part, dataset, single, async (session) => {
      for await (const { gradients } of session.batches())
        for (const [weight, fisher] of fishers)
          fisher.add(arrangeAsMatrix(weight.view, gradients.get(weight.view.source.name)!));
    });
    yield* fishers;
  }
}

/** Weights in their order, as many at a time as MOST_BYTES hold, one at least. */
function parts(weights: readonly PrunableWeight[]): PrunableWeight[][] {
  const all: PrunableWeight[][] = [];
  let bytes = Infinity;
  for (const weight of weights) {
    const own = weight.view.stored.length * FISHER_BLOCK * Float64Array.BYTES_PER_ELEMENT;
    if (bytes + own > MOST_BYTES) {
      all.push([]);
      bytes = 0;
    }
    all.at(-1)!.push(weight);
    bytes += own;
  }
  return all;
}

/** Training sees initializers and Constants of the main graph. */
const inMain = (model: Model, { view }: PrunableWeight): boolean => view.source.graph === model.graph;

/** Undefined where no weight is one that gradients may be known of. */
async function withSession<Result>(
  model: Model,
  weights: readonly PrunableWeight[],
  dataset: Dataset,
  options: GradientOptions,
  then: (session: GradientSession) => Promise<Result>,
): Promise<Result | undefined> {
  const parameters = weights.filter((weight) => inMain(model, weight)).map(({ view }) => view.source.name);
  if (parameters.length === 0) return undefined;
  const session = await GradientSession.open(model, dataset, { ...options, parameters });
  try {
    return await then(session);
  } finally {
    await session.dispose();
  }
}
