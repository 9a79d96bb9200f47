import { attribute, GossamerError } from '@gossamer/graph';
import type { TrainErrorCode } from '../error-codes.js';
import { defineGradient } from './gradient-rule.js';

/** By the mean and 1 / deviation that the node put out (training forms ask for them), else by ones that are computed again. */
export const layerNormalizationGradient = defineGradient({
  op: 'LayerNormalization',
  gradient(call) {
    const { g, node, inputs, outputs, grads, x } = call;
    if (grads[1] ?? grads[2]) {
      throw new GossamerError<TrainErrorCode>(
        'ERR_NO_GRADIENT',
        `node ${node.id}: expected a loss that depends on its output 0 alone, received one that depends on its statistics`,
      );
    }
    const [, scale, bias] = inputs;
    const axis = node.int('axis', -1);
    const epsilon = attribute.float(node.float('epsilon', Math.fround(1e-5)));
    const [, mean, invStd] =
      outputs[1] && outputs[2] ? outputs : g.ops('LayerNormalization', inputs, { axis, epsilon }, { outputs: 3 });
    const first = axis < 0 ? axis + g.rank(x) : axis;
    const [dx, dscale, dbias] = g.call('LayerNormGrad', [call.dy, x, scale, mean, invStd], { axis: first }, 3);
    return [dx, dscale, bias && g.reshape(dbias!, g.shape(bias))];
  },
});
