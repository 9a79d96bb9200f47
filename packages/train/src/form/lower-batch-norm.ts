import { attribute, type Node, type Value } from '@gossamer/graph';
import type { Emitter } from '../emit/emitter.js';

/** A BatchNormalization in training: its outputs (y, and the running statistics, where the file asks for them), and what those become. */
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
  const next = { mean: moved(mean!, batchMean!), variance: moved(variance!, batchVariance!) };
  return { outputs: [y!, next.mean, next.variance], ...next };
}

/** A BatchNormalization that the file has in training mode, over its running statistics, which stay as they are. */
export function freezeBatchNorm(
  g: Emitter,
  node: Node,
  inputs: readonly (Value | undefined)[],
): readonly (Value | undefined)[] {
  const epsilon = attribute.float(node.float('epsilon', Math.fround(1e-5)));
  return [g.op('BatchNormalization', inputs, { epsilon }), inputs[3], inputs[4]];
}
