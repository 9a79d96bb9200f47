import type { Node } from '../../ir/node.js';
import type { Tensor } from '../../ir/tensor.js';
import {
  type ChannelAffine,
  channelsOf,
  MAX_SCALED_BYTES,
  rounded,
  scaleChannels,
  setConstant,
} from './channel-affine.js';
import { type ConstantOperand, constantOperand, perChannel } from './constant-operand.js';
import { isParametric } from '../determinism.js';
import { defineNodePass } from '../pass.js';
import type { PassContext } from '../pass-context.js';
import type { PassScope } from '../pass-scope.js';
import { isOnlyReader, takeOver } from '../take-over.js';

/** A weight that others read is copied up to this size; a larger one stays shared, and the product stays. */
const MAX_COPY = 1024;

/**
 * Works Mul, Div, Add and Sub with a constant for each channel (or one for all) into the Conv, ConvTranspose or Gemm before them, and
 * Mul and Div into a MatMul with or without a bias Add, one after the other: W' = f·W, b' = f·b + s. Grouped and depthwise too.
 *
 * Not where the layer's output is read elsewhere or is a graph output, where its weight or bias is not constant or a product leaves the
 * range of the dtype; a weight of over 1 KB that others read stays theirs, one of over 64 MB stays as it is, in its file.
 *
 * Bound, to first order in u, the unit roundoff of the dtype, with K products in a sum and f >= 0 taken absolutely: the layer errs by
 * (K+1)·u·A, A = Σ|w·x| + |b|, the node after it by u·(f·A + |s|) at most; the fused node rounds each f·w and b' once and sums, (K+2)·u·(f·A +
 * |s|). Together |fused - original| <= (2K+4)·u·(f·(Σ|w·x| + |b|) + |s|).
 */
export const fuseChannelAffine = defineNodePass({
  name: 'fuse-channel-affine',
  exactness: 'reassociates',
  since: 7,
  rewrite: fuse,
});

function fuse(node: Node, scope: PassScope, context: PassContext): boolean {
  const operand = constantOperand(node);
  const layer = operand?.data.producer;
  if (!operand || !layer || layer.domain !== '' || !isOnlyReader(node, layer)) return false;
  const isDone =
    layer.op === 'MatMul' || layer.op === 'Add'
      ? scaleProduct(layer, operand, scope, context)
      : intoLayer(layer, operand, scope);
  if (!isDone) return false;
  takeOver(layer, node);
  return true;
}

/** Into a Conv, ConvTranspose or Gemm, whose channels lie along axis 1. */
function intoLayer(layer: Node, operand: ConstantOperand, scope: PassScope): boolean {
  const channels = channelsOf(layer);
  const weight = layer.input(1)?.constant;
  if (channels === undefined || weight?.dtype !== operand.constant.dtype) return false;
  const affine = perChannel(operand, { rank: weight.dims.length, axis: 1, channels });
  if (!affine || (!isShift(affine) && !mayScale(layer, 1))) return false;
  return scaleChannels(layer, affine, scope);
}

const isShift = ({ factor }: ChannelAffine): boolean => factor.every((value) => value === 1);

const mayScale = (layer: Node, slot: number): boolean => {
  const value = layer.input(slot);
  const bytes = value?.constant?.byteLength ?? 0;
  return bytes <= (value?.uses.length === 1 ? MAX_SCALED_BYTES : MAX_COPY);
};

/** A factor into the columns of a MatMul's constant matrix, and into the bias where `layer` is the Add behind it. */
function scaleProduct(layer: Node, operand: ConstantOperand, scope: PassScope, { types }: PassContext): boolean {
  const added = layer.op === 'Add' ? constantOperand(layer) : undefined;
  const product = added ? added.data.producer : layer;
  if (!product?.isStandard('MatMul') || isParametric(product) || (added && !isOnlyReader(layer, product))) return false;
  const weight = product.input(1)?.constant;
  const rank = types.shapeOf(layer.output)?.length;
  if (operand.op !== 'Mul' && operand.op !== 'Div') return false;
  if (weight?.dims.length !== 2 || rank === undefined || weight.dtype !== operand.constant.dtype) return false;
  const channels = weight.dims[1]!;
  const place = { rank, axis: rank - 1, channels };
  const affine = perChannel(operand, place);
  const bias = added && perChannel(added, place);
  if (!affine || (added && !bias) || !mayScale(product, 1)) return false;
  const { factor } = affine;
  const scaled = rounded(
    weight,
    weight.dims,
    weight.toFloat64().map((w, i) => w * factor[i % channels]!),
  );
  const moved =
    bias &&
    rounded(
      weight,
      [channels],
      bias.shift.map((b, c) => b * factor[c]!),
    );
  if (!scaled || (bias && !moved)) return false;
  setConstant(product, 1, scaled, scope, `${product.output.name}_weight`);
  if (moved) setBias(layer, moved, scope);
  return true;
}

function setBias(add: Node, bias: Tensor, scope: PassScope): void {
  const slot = add.inputs.findIndex((value) => value?.constant);
  setConstant(add, slot, bias, scope, `${add.output.name}_bias`);
}
