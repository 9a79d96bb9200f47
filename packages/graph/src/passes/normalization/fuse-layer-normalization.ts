import type { TypeTable } from '../../inference/type-table.js';
import { attribute } from '../../ir/attribute.js';
import type { Node } from '../../ir/node.js';
import { elementCount, Tensor } from '../../ir/tensor.js';
import type { Value } from '../../ir/value.js';
import { Fragment } from '../pattern/fragment.js';
import { type Normalization, NormalizationMatcher } from './match-normalization.js';
import { defineNodePass } from '../pass.js';
import type { PassContext } from '../pass-context.js';
import type { PassScope } from '../pass-scope.js';
import { isOnlyReader } from '../take-over.js';

/** LayerNormalization and RMSNormalization are operators of the standard from these opsets on. */
const LAYER_NORM_OPSET = 17;
const RMS_NORM_OPSET = 23;

/**
 * Turns (x - mean) / sqrt(mean((x - mean)²) + epsilon) · scale + bias over the last axis or axes, as exporters write it before opset 17, into
 * LayerNormalization; the same without the mean into RMSNormalization (opset 23). The square as a product or a power; the root below a
 * quotient, a reciprocal or a power of -1/2; scale before or after the product with x, or missing, bias too; TensorFlow's
 * x·m + (bias - mean·m) with m = scale / root; computed in float32 between Casts. Scale and bias are constants of the size of
 * the axes; nothing else may read what lies between.
 *
 * Bound, to first order in u (2^-24 for float32, 2^-11 where anything is rounded to float16), N elements normalised together, s =
 * sqrt(variance + epsilon): a mean of N numbers errs by N·u·E|x|, the variance, which a runtime may take as E[x²] - mean², by (N+4)·u·E[x²],
 * and TensorFlow's form, which multiplies before it subtracts, by 6u·(|x - mean| + E|x|) more. So any form errs by
 * |scale|·((N+10)·u·E|x|/s + |x - mean|/s·((N+4)·u·E[x²]/s² + 10u)) + 2u·|y|, and two differ by twice that at most.
 * Source: Ba et al. 2016, arXiv:1607.06450, section 3; Zhang & Sennrich 2019, arXiv:1910.07467, section 3.
 */
export const fuseLayerNormalization = defineNodePass({
  name: 'fuse-layer-normalization',
  exactness: 'reassociates',
  rewrite: fuse,
});

/** A normalization and the nodes that compute it. */
interface Found extends Normalization {
  readonly name: string;
  readonly fragment: Fragment;
  /** Sizes of the axes that are normalised. */
  readonly dims: readonly number[];
}

function fuse(node: Node, scope: PassScope, context: PassContext): boolean {
  const { types } = context;
  const found = [true, false].reduce<Found | undefined>((done, casts) => done ?? find(node, types, casts), undefined);
  if (!found) return false;
  const { x, axis, dims, fragment, isCentred } = found;
  const op = isCentred ? 'LayerNormalization' : 'RMSNormalization';
  if (!context.hasOperator(scope, op, isCentred ? LAYER_NORM_OPSET : RMS_NORM_OPSET, node)) return false;
  const { last } = fragment;
  const dtype = types.dtypeOf(x)!;
  const ones = () => Tensor.fromNumbers(dtype, dims, new Float64Array(elementCount(dims)).fill(1));
  const stored = (value: Value | undefined, name: string) => {
    const tensor = value ? shaped(value, dims)! : ones();
    return tensor === value?.constant
      ? value
      : scope.addConstant(`${last.output.name}_${name}`, tensor, { before: last });
  };
  const inputs = [x, stored(found.scale, 'scale'), ...(found.bias ? [stored(found.bias, 'bias')] : [])];
  const attributes = {
    axis: attribute.int(axis - types.shapeOf(x)!.length),
    epsilon: attribute.float(found.epsilon),
  };
  fragment.replace({ op, name: found.name, inputs, attributes });
  return true;
}

/** The longest chain that starts at the quotient `node`, or the sum of moments that `node` is. */
function find(node: Node, types: TypeTable, casts: boolean): Found | undefined {
  if (node.isStandard('Add')) {
    const fragment = new Fragment(node);
    const found = new NormalizationMatcher(fragment, types, casts).moments(node);
    return found && complete({ ...found, name: node.name, fragment }, types);
  }
  if (!node.isStandard('Div') && !node.isStandard('Mul')) return undefined;
  // Most products are no normalization: asked before what follows is looked at.
  if (!new NormalizationMatcher(new Fragment(node), types, casts).quotient(node)) return undefined;
  for (const chain of chainsFrom(node)) {
    const fragment = new Fragment(chain.at(-1)!);
    for (const part of chain.slice(0, -1)) fragment.take(part.output, part.op);
    const found = new NormalizationMatcher(fragment, types, casts).quotient(node);
    const [after, bias] = ['Mul', 'Add'].map((op) => constantOf(chain.find((part) => part !== node && part.op === op)));
    if (!found || (after && found.scale)) continue;
    const whole = complete({ ...found, scale: after ?? found.scale, bias, name: node.name, fragment }, types);
    if (whole) return whole;
  }
  return undefined;
}

/** Cast, product and sum with constants as they follow `node`, each read by the next alone; the longest first. */
function chainsFrom(node: Node): Node[][] {
  const chain = [node];
  for (const op of ['Cast', 'Mul', 'Add']) {
    const last = chain.at(-1)!;
    const reader = last.output.uses[0]?.node;
    if (!reader?.isStandard(op) || !isOnlyReader(reader, last)) continue;
    if (op === 'Cast' || constantOf(reader)) chain.push(reader);
  }
  return chain.map((_, index) => chain.slice(0, chain.length - index));
}

const constantOf = (node: Node | undefined): Value | undefined => node?.inputs.find((value) => value?.constant);

/** `found` with its sizes, where one operator can stand for it: types agree, parameters are rows, nothing between is read elsewhere. */
function complete(found: Omit<Found, 'dims'>, types: TypeTable): Found | undefined {
  const { x, axis, scale, bias, fragment, isCentred } = found;
  const dims = types.shapeOf(x)?.slice(axis);
  const dtype = types.dtypeOf(x);
  if (!dims?.every((dim) => typeof dim === 'number') || elementCount(dims) === 0) return undefined;
  if (!dtype || !DTYPES.has(dtype) || types.dtypeOf(fragment.last.output) !== dtype) return undefined;
  const isRow = (value: Value | undefined) => !value || (value.constant?.dtype === dtype && shaped(value, dims));
  if (!isRow(scale) || !isRow(bias) || (bias && !isCentred) || !fragment.isClosed) return undefined;
  return { ...found, dims };
}

const DTYPES: ReadonlySet<string> = new Set(['float16', 'float32', 'float64']);

/** A constant of exactly `dims`, but for leading ones. */
function shaped({ constant }: Value, dims: readonly number[]): Tensor | undefined {
  const strip = (sizes: readonly number[]) => sizes.join().replace(/^(1,)+/, '');
  if (!constant || strip(constant.dims) !== strip(dims)) return undefined;
  return constant.dims.length === dims.length ? constant : constant.reshaped(dims);
}
