import type { Node } from '../../ir/node.js';
import { type ChannelAffine, scaleChannels } from './channel-affine.js';
import { isParametric } from '../determinism.js';
import { asGemm } from './as-gemm.js';
import { definePass } from '../pass.js';
import type { PassContext } from '../pass-context.js';
import type { PassScope } from '../pass-scope.js';
import { isOnlyReader, takeOver } from '../take-over.js';

/**
 * Works a BatchNormalization (inference mode, constant parameters) into the Conv, ConvTranspose, Gemm or MatMul of two matrices (a Gemm then) before it: with
 * f = scale / sqrt(var + epsilon), W' = f·W and b' = (b - mean)·f + B per output channel.
 *
 * Not where the layer's output is read elsewhere or is a graph output, where its weight or bias is not constant, or where a product
 * leaves the range of the dtype. A weight with other readers is copied.
 *
 * Bound, to first order in u, the unit roundoff of the dtype (2^-24 for float32), with K products in a sum and f >= 0 taken absolutely. The
 * runtime's layer errs by (K+1)·u·A, A = Σ|w·x| + |b|; its f by 2.5u (sum, root, quotient), so the two nodes err by at most
 * u·((K+5.5)·f·A + 5.5·f·|mean| + 2|B|). The fused node rounds each f·w and b' once and sums: (K+2)·u·(f·A + f·|mean| + |B|). Together
 * |fused - original| <= (2K+8)·u·(f·(Σ|w·x| + |b| + |mean|) + |B|).
 * Source: Jacob et al., "Quantization and Training of Neural Networks", CVPR 2018 (arXiv:1712.05877), section 3.2.
 */
export const fuseConvBatchNorm = definePass({
  name: 'fuse-conv-batch-norm',
  exactness: 'reassociates',

  run(_model, context) {
    let changes = 0;
    for (const scope of context.scopes()) {
      for (const node of scope.graph.nodes())
        if (isInferenceNorm(node, scope.opset) && fuse(node, scope, context)) changes++;
    }
    return { changes };
  },
});

/** Training is an attribute `is_test` until opset 6, asked for by more outputs until 13, `training_mode` from 14. */
export function isInferenceNorm(node: Node, opset: number): boolean {
  if (!node.isStandard('BatchNormalization') || isParametric(node)) return false;
  if (node.outputs.some((value, index) => index > 0 && value)) return false;
  if (opset < 7 && node.int('is_test', 0) !== 1) return false;
  // Until opset 8 it could also normalise each activation for itself.
  if (opset < 9 && node.int('spatial', 1) !== 1) return false;
  return opset < 14 || node.int('training_mode', 0) === 0;
}

function fuse(norm: Node, scope: PassScope, context: PassContext): boolean {
  const layer = norm.input(0)?.producer;
  if (!layer || !isOnlyReader(norm, layer)) return false;
  const affine = affineOf(norm);
  if (!affine || !asGemm(layer, context, () => scaleChannels(layer, affine, scope))) return false;
  takeOver(layer, norm);
  return true;
}

/** What a BatchNormalization with constant parameters computes. */
export function affineOf(norm: Node): ChannelAffine | undefined {
  const [scale, bias, mean, variance] = norm.inputs.slice(1).map((value) => value?.constant?.toFloat64());
  if (!scale || !bias || !mean || !variance) return undefined;
  const epsilon = norm.float('epsilon', Math.fround(1e-5));
  const factor = scale.map((s, c) => s / Math.sqrt(variance[c]! + epsilon));
  return { factor, shift: bias.map((b, c) => b - mean[c]! * factor[c]!) };
}
