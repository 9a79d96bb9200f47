import { GossamerError, type Node, type Value } from '@gossamer/graph';
import type { Emitter } from '../emit/emitter.js';
import type { TrainErrorCode } from '../error-codes.js';
import { randomInput, randomNameOf } from './random-input.js';

/**
 * Dropout with `ratio` in training, of or before `node`: elements are kept where a random number is at least the ratio, and scaled up by
 * 1 / (1 - ratio).
 */
export function dropout(g: Emitter, x: Value, ratio: number, node: Node): { readonly y: Value; readonly kept: Value } {
  const shape = g.shape(x);
  if (ratio === 0) {
    const sizes = g.constant(shape, 'int64', [shape.length]);
    return { y: x, kept: g.op('Expand', [g.constant(1, 'bool', []), sizes]) };
  }
  const kept = g.op('GreaterOrEqual', [randomInput(g, randomNameOf(g, node), shape), g.constant(ratio)]);
  return { y: g.mul(x, g.scale(g.op('Cast', [kept], { to: 1 }), 1 / (1 - ratio))), kept };
}

/** The ratio of the file's Dropout, default 0.5. Throws ERR_TRAINING_FORM unless it is a constant in [0, 1). */
function ratioOf(node: Node, ratio: Value | undefined): number {
  if (!ratio) return 0.5;
  const given = ratio.constant?.toFloat64()[0];
  if (given !== undefined && given >= 0 && given < 1) return given;
  throw new GossamerError<TrainErrorCode>(
    'ERR_TRAINING_FORM',
    `node ${node.id}: ratio: expected a constant in [0, 1), received ${given ?? `${ratio.name}, which a run computes`}`,
  );
}

/** The file's Dropout, whatever its training_mode says. In evaluation it keeps everything. */
export function lowerDropout(
  g: Emitter,
  node: Node,
  inputs: readonly (Value | undefined)[],
  isTraining: boolean,
): readonly Value[] {
  const [x, ratio] = inputs;
  const { y, kept } = dropout(g, x!, isTraining ? ratioOf(node, ratio) : 0, node);
  return [y, kept];
}
