import type { Node, Value } from '@gossamer/graph';
import type { Emitter } from '../emit/emitter.js';

/** A BatchNormalization in training: what it computes, and what becomes of its running statistics. */
export interface LoweredBatchNorm {
  readonly outputs: readonly Value[];
  readonly mean: Value;
  readonly variance: Value;
}

/**
 * BatchNormalization over the statistics of the batch, whatever the file's training_mode says. The running ones move as the standard has it:
 * running * momentum + batch * (1 - momentum), the variance being that of the batch (divided by its size, as in ONNX; PyTorch divides by one less).
 */
export function lowerBatchNorm(g: Emitter, node: Node, inputs: readonly (Value | undefined)[]): LoweredBatchNorm {
  const [x, scale, bias, mean, variance] = inputs as Value[];
  const momentum = node.float('momentum', Math.fround(0.9));
  const [y, batchMean, batchVariance] = g.call(
    'BatchNormTrain',
    [x, scale, bias],
    { epsilon: { type: 'float', value: node.float('epsilon', Math.fround(1e-5)) } },
    4,
  );
  const moved = (running: Value, batch: Value) => g.add(g.scale(running, momentum), g.scale(batch, 1 - momentum));
  return {
    outputs: [y!],
    mean: moved(mean!, batchMean!),
    variance: moved(variance!, batchVariance!),
  };
}
