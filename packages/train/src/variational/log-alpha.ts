import type { Value } from '@gossamer/graph';
import type { Emitter } from '../emit/emitter.js';

/** log alpha is kept within +- this: beyond, nothing changes but the size of gradients. Source: the authors' code. */
const LIMIT = 8;
/** Keeps log(w²) finite. Source: as above. */
const TINY = 1e-8;

/** log alpha = log variance - log w², limited: how much noise a weight bears. */
export function logAlpha(g: Emitter, weight: Value, logVariance: Value): Value {
  const square = g.add(g.mul(weight, weight), g.constant(TINY));
  return g.op('Clip', [g.sub(logVariance, g.op('Log', [square])), g.constant(-LIMIT), g.constant(LIMIT)]);
}

/** The same of arrays. */
export function logAlphaOf(weight: Float32Array, logVariance: Float32Array): Float32Array {
  return weight.map((value, i) => Math.min(LIMIT, Math.max(-LIMIT, logVariance[i]! - Math.log(value * value + TINY))));
}
