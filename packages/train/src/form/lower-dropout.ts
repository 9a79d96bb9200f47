import type { Node, Value } from '@gossamer/graph';
import type { Emitter } from '../emit/emitter.js';
import { randomInput } from './random-input.js';

/** Dropout with `ratio` in training: elements are kept where a random number is at least the ratio, and scaled up by 1 / (1 - ratio). */
export function dropout(g: Emitter, x: Value, ratio: number, name: string): Value {
  if (ratio === 0) return x;
  const kept = g.op('GreaterOrEqual', [randomInput(g, name, g.shape(x)), g.constant(ratio)]);
  return g.mul(x, g.scale(g.op('Cast', [kept], { to: 1 }), 1 / (1 - ratio)));
}

/** The file's Dropout, whatever its training_mode says; its ratio must be a constant (default 0.5). */
export function lowerDropout(g: Emitter, node: Node, inputs: readonly (Value | undefined)[]): readonly Value[] {
  const [x, ratio] = inputs;
  return [dropout(g, x!, ratio?.constant?.toFloat64()[0] ?? 0.5, node.name)];
}
