import type { Value } from '@gossamer/graph';
import type { Emitter } from './emitter.js';

/** A vector [C] as [C, 1, ...], which broadcasts along axis 1 of a tensor of `rank`. */
export const channelVector = (g: Emitter, vector: Value, rank: number): Value =>
  g.reshape(vector, [g.size(vector), ...new Array<number>(Math.max(0, rank - 2)).fill(1)]);

/** Every axis but that of the channels. */
export const allButChannels = (rank: number): number[] =>
  Array.from({ length: rank }, (_, axis) => axis).filter((axis) => axis !== 1);
