import type { Node } from '../../ir/node.js';
import type { Tensor } from '../../ir/tensor.js';
import { asGemm } from './as-gemm.js';
import { biasOf, type ChannelAffine, MAX_SCALED_BYTES, rounded, setConstant } from './channel-affine.js';
import { constantOperand, perChannel } from './constant-operand.js';
import { isParametric } from '../determinism.js';
import { affineOf, isInferenceNorm } from './fuse-conv-batch-norm.js';
import { defineNodePass } from '../pass.js';
import type { PassContext } from '../pass-context.js';
import type { PassScope } from '../pass-scope.js';
import { isOnlyReader } from '../take-over.js';

/**
 * Works a BatchNormalization (inference mode, constant parameters), or Mul, Div, Add and Sub with a constant for each channel, into the
 * Conv behind it, a BatchNormalization into a Gemm or a MatMul of two matrices too: with f·x + s for the input, W' = W·f along the input
 * channels and b' = b + Σ W·s.
 *
 * Not where the result is read elsewhere, is a graph output or is padded and some s is not 0 (the padding would be s then, not 0); where
 * weight or bias is not constant, the weight has other readers or over 64 MB, or a product leaves the range of the dtype.
 *
 * Bound, to first order in u, the unit roundoff of the dtype, with K products in a sum, f >= 0 taken absolutely and s = B - mean·f: the node
 * before errs by u·(5.5·f·(|x| + |mean|) + 2|B|), the layer by (K+1)·u·A, A = Σ|w|·(f·(|x| + |mean|) + |B|) + |b|; the fused layer rounds each w·f and
 * b' once: (K+2)·u·A. Together |fused - original| <= (2K+9)·u·A.
 */
export const fuseInputAffine = defineNodePass({
  name: 'fuse-input-affine',
  exactness: 'reassociates',
  since: 7,
  rewrite: fuse,
});

function fuse(layer: Node, scope: PassScope, context: PassContext): boolean {
  const before = layer.input(0)?.producer;
  const weight = layer.input(1);
  if (!before || !weight?.constant || weight.uses.length > 1 || isParametric(layer)) return false;
  if (weight.constant.byteLength > MAX_SCALED_BYTES) return false;
  if (!isOnlyReader(layer, before) || !['Conv', 'Gemm', 'MatMul'].some((op) => layer.isStandard(op))) return false;
  const affine = inputAffine(before, layer, weight.constant, scope, context);
  if (!affine || !asGemm(layer, context, () => absorb(layer, affine.affine, scope))) return false;
  layer.graph.setInput(layer, 0, affine.data);
  layer.graph.remove(before);
  return true;
}

function inputAffine(before: Node, layer: Node, weight: Tensor, scope: PassScope, { types }: PassContext) {
  const data = before.input(0);
  if (isInferenceNorm(before, scope.opset)) {
    const affine = affineOf(before);
    const dtype = before.input(1)?.constant?.dtype;
    return affine && data && dtype === weight.dtype ? { affine, data } : undefined;
  }
  const operand = layer.isStandard('Conv') ? constantOperand(before) : undefined;
  const channels = (weight.dims[1] ?? 0) * layer.int('group', 1);
  if (!operand || operand.constant.dtype !== weight.dtype) return undefined;
  const shape = types.shapeOf(operand.data);
  const rank = weight.dims.length;
  // Data of one channel, or of a lower rank, would be broadcast.
  if (shape?.length !== rank || (operand.constant.length > 1 && shape[1] !== channels)) return undefined;
  const affine = perChannel(operand, { rank, axis: 1, channels });
  return affine && { affine, data: operand.data };
}

function absorb(layer: Node, { factor, shift }: ChannelAffine, scope: PassScope): boolean {
  const weight = layer.input(1)!.constant!;
  const map = channelMap(layer, weight.dims);
  const bias = map && biasOf(layer, map.outputs);
  if (!map || !bias || map.inputs !== factor.length) return false;
  if (shift.some((value) => value !== 0) && !isUnpadded(layer)) return false;
  const data = weight.toFloat64();
  const sums = bias.slice();
  const alpha = layer.isStandard('Gemm') ? layer.float('alpha', 1) : 1;
  const products = new Float64Array(data.length);
  map.eachRun((start, end, output, input) => {
    const [f, s] = [factor[input]!, shift[input]!];
    let sum = sums[output]!;
    for (let i = start; i < end; i++) {
      sum += alpha * data[i]! * s;
      products[i] = data[i]! * f;
    }
    sums[output] = sum;
  });
  const scaled = rounded(weight, weight.dims, products);
  const moved = rounded(weight, [map.outputs], sums);
  if (!scaled || !moved) return false;
  setConstant(layer, 1, scaled, scope, `${layer.output.name}_weight`);
  if (layer.isStandard('Conv') && !layer.input(2) && shift.every((value) => value === 0)) return true;
  setConstant(layer, 2, moved, scope, `${layer.output.name}_bias`);
  if (layer.isStandard('Gemm')) layer.graph.setAttribute(layer, 'beta', undefined);
  return true;
}

/** Calls back with runs [start, end) of elements of the weight in order, and the channels they belong to. */
type EachRun = (visit: (start: number, end: number, output: number, input: number) => void) => void;

function channelMap(
  layer: Node,
  dims: readonly number[],
): { readonly inputs: number; readonly outputs: number; readonly eachRun: EachRun } | undefined {
  const [first = 0, second = 0, ...kernel] = dims;
  if (layer.isStandard('Conv') && dims.length > 2) {
    const groups = layer.int('group', 1);
    const taps = kernel.reduce((product, size) => product * size, 1);
    const eachRun: EachRun = (visit) => {
      for (let run = 0; run < first * second; run++) {
        const output = Math.floor(run / second);
        const input = Math.floor((output * groups) / first) * second + (run % second);
        visit(run * taps, (run + 1) * taps, output, input);
      }
    };
    return { inputs: second * groups, outputs: first, eachRun };
  }
  if (!layer.isStandard('Gemm') || dims.length !== 2 || layer.int('transA', 0) === 1) return undefined;
  const isTurned = layer.int('transB', 0) === 1;
  const eachRun: EachRun = (visit) => {
    for (let row = 0, at = 0; row < first; row++) {
      for (let column = 0; column < second; column++, at++) {
        if (isTurned) visit(at, at + 1, row, column);
        else visit(at, at + 1, column, row);
      }
    }
  };
  return isTurned ? { inputs: second, outputs: first, eachRun } : { inputs: first, outputs: second, eachRun };
}

/** True for a Gemm, and for a Conv that pads with nothing. */
function isUnpadded(layer: Node): boolean {
  const mode = layer.string('auto_pad', 'NOTSET');
  if (mode === 'VALID') return true;
  return mode === 'NOTSET' && layer.ints('pads', []).every((pad) => pad === 0);
}
