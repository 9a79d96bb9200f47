import { attribute } from '../ir/attribute.js';
import type { Emitter } from './emitter.js';
import { channelsFirstOperand, type Operand, plainOperand } from './operand.js';

/** What a trained batch normalization holds; each operand is rank 1. */
export interface BatchStatistics {
  readonly scale: Operand;
  readonly offset: Operand;
  readonly mean: Operand;
  readonly variance: Operand;
  readonly epsilon: number;
}

/** Normalizes the last axis (channels) with fixed statistics. */
export function batchNormalization(e: Emitter, x: Operand, statistics: BatchStatistics): Operand {
  const { scale, offset, mean, variance } = statistics;
  const operands = [scale, offset, mean, variance].map((operand) => e.plain(operand));
  const attributes = { epsilon: attribute.float(statistics.epsilon) };
  // ONNX has channels at axis 1, which is the last axis of a matrix too.
  if (e.rankOf(x) <= 2) return plainOperand(e.op('BatchNormalization', [e.plain(x), ...operands], attributes));
  return channelsFirstOperand(e.op('BatchNormalization', [e.channelsFirst(x), ...operands], attributes));
}
