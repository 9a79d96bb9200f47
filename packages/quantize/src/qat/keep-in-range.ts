import { scaleName, type SparseParameter, type Sparsifier } from '@gossamer/train';

/** Just below the largest code, where gradients still come through. */
const INSIDE = 0.999;

/** Between two of them weights may be beyond: only then does the gradient of the scale say that it is too small. */
const EVERY = 2;

/**
 * Does what `inner` does, and behind every other update brings weights beyond the largest code of their scale back to it. Gradients of a clipped weight are 0: without this one that went beyond never moves again, and in a long
 * training, where small weights are pruned and large ones grow, in the end all are there. What the weights are rounded to does not change.
 */
export function keepInRange(weights: readonly string[], quantMax: number, inner: Sparsifier | undefined): Sparsifier {
  const own = inner?.parameters ?? [];
  const theirs = (all: ReadonlyMap<string, SparseParameter>) => new Map(own.map((name) => [name, all.get(name)!]));
  return {
    parameters: [...new Set([...own, ...weights, ...weights.map((name) => scaleName(name))])],
    digest: JSON.stringify(['in-range', quantMax, weights, inner?.digest]),
    ...(inner?.freezes === undefined ? {} : { freezes: inner.freezes }),
    state: (all) =>
      inner?.state?.(new Map(own.map((name) => [name, all.get(name)!]))) ?? new Map<string, Float32Array>(),
    beforeStep: (context) => inner?.beforeStep?.({ ...context, parameters: theirs(context.parameters) }),
    afterStep(context) {
      inner?.afterStep?.({ ...context, parameters: theirs(context.parameters) });
      if (context.step % EVERY !== 0) return;
      for (const name of weights) {
        const { weight } = context.parameters.get(name)!;
        const limit = INSIDE * quantMax * Math.abs(context.parameters.get(scaleName(name))!.weight[0]!);
        for (let i = 0; i < weight.length; i++) weight[i] = Math.max(-limit, Math.min(limit, weight[i]!));
      }
    },
  };
}
