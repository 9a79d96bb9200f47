import { attribute } from '../ir/attribute.js';
import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import { isParametric } from './determinism.js';
import { definePass } from './pass.js';
import type { PassContext } from './pass-context.js';
import { isOnlyReader, takeOver } from './take-over.js';

/** LayerNormalization is of this opset. */
const LEAST_OPSET = 17;

/**
 * Turns (x - mean) / sqrt(mean((x - mean)^2) + epsilon) * scale + bias over the last axis, as exporters write it before opset 17, into
 * LayerNormalization. Scale and bias are constants of the last axis' size; nothing else may read what lies between.
 *
 * Bound, to first order in u (2^-24 for float32), N the length of a row, s = sqrt(variance + epsilon): a mean of N numbers errs by
 * N·u·E|x|, the variance, which a runtime may take as E[x²] - mean², by (N+4)·u·E[x²]. So either form errs by
 * |scale|·((N+4)·u·E|x|/s + |x - mean|/s·((N+4)·u·E[x²]/s² + 4u)) + 2u·|y|, and the two differ by twice that at most.
 */
export const fuseLayerNormalization = definePass({
  name: 'fuse-layer-normalization',
  exactness: 'reassociates',

  run(_model, context) {
    let changes = 0;
    for (const { graph, opset } of context.scopes()) {
      if (opset < LEAST_OPSET) continue;
      for (const node of graph.nodes()) if (node.isStandard('Add') && fuse(node, context)) changes++;
    }
    return { changes };
  },
});

function fuse(add: Node, context: PassContext): boolean {
  const scaled = constantOperand(add);
  const mul = scaled?.rest.producer;
  if (!scaled || !mul?.isStandard('Mul') || !isOnlyReader(add, mul)) return false;
  const normed = constantOperand(mul);
  const div = normed?.rest.producer;
  if (!normed || !div?.isStandard('Div') || !isOnlyReader(mul, div)) return false;
  const found = matchNormalized(div, context);
  const { graph } = add;
  const [scale, bias] = [normed.constant, scaled.constant];
  if (!found || ![scale, bias].every((value) => isRow(value, found.width))) return false;
  const fused = graph.add(
    {
      op: 'LayerNormalization',
      name: div.name,
      inputs: [found.x, scale, bias],
      outputs: [undefined],
      attributes: { axis: attribute.int(-1), epsilon: attribute.float(found.epsilon) },
    },
    { before: add },
  );
  takeOver(fused, add);
  return true;
}

/** The constant operand of a node with two inputs, and the other one. */
function constantOperand(node: Node): { constant: Value; rest: Value } | undefined {
  const [a, b] = [node.input(0), node.input(1)];
  if (!a || !b) return undefined;
  if (b.constant) return { constant: b, rest: a };
  return a.constant ? { constant: a, rest: b } : undefined;
}

function isRow({ constant }: Value, width: number): boolean {
  return constant?.dtype === 'float32' && constant.dims.length === 1 && constant.length === width;
}

/** (x - mean) / sqrt(variance + epsilon), the divisor's parts read nowhere else. */
function matchNormalized(div: Node, { types }: PassContext): { x: Value; epsilon: number; width: number } | undefined {
  const centred = div.input(0);
  const sub = centred?.producer;
  const sqrt = div.input(1)?.producer;
  if (!centred || !sub?.isStandard('Sub') || !sqrt?.isStandard('Sqrt') || !isOnlyReader(div, sqrt)) return undefined;
  const x = sub.input(0)!;
  const width = types.shapeOf(x)?.at(-1);
  if (types.dtypeOf(x) !== 'float32' || typeof width !== 'number' || width === 0) return undefined;
  const mean = sub.input(1)?.producer;
  if (!mean || mean.input(0) !== x || !isRowMean(mean, types.shapeOf(x)!.length)) return undefined;
  const sum = sqrt.input(0)?.producer;
  if (!sum?.isStandard('Add') || !isOnlyReader(sqrt, sum)) return undefined;
  const parts = constantOperand(sum);
  const variance = parts?.rest.producer;
  const rank = types.shapeOf(x)!.length;
  if (!isScalar(parts?.constant, rank) || !variance || !isOnlyReader(sum, variance)) return undefined;
  if (!isRowMean(variance, rank) || !isSquare(variance, centred, rank)) return undefined;
  // Read by the division and the square alone.
  if (centred.isOutput || centred.uses.some(({ node }) => node !== div && node !== variance.input(0)!.producer))
    return undefined;
  return { x, epsilon: parts!.constant.constant!.item(), width };
}

/** One constant number, which does not broadcast a tensor of `rank` to a higher one. */
const isScalar = (value: Value | undefined, rank: number): boolean =>
  value?.constant?.length === 1 && value.constant.dims.length <= rank;

/** ReduceMean over the last axis, which stays as one of size 1. */
function isRowMean(node: Node, rank: number): boolean {
  if (!node.isStandard('ReduceMean') || isParametric(node) || node.int('keepdims', 1) !== 1) return false;
  const axes = node.ints('axes', undefined) ?? node.input(1)?.constant?.toIntegers();
  return axes?.length === 1 && (axes[0] === -1 || axes[0] === rank - 1);
}

/** The mean is one of `centred` times itself, or to the power of 2, made for it alone. */
function isSquare(mean: Node, centred: Value, rank: number): boolean {
  const square = mean.input(0)?.producer;
  if (!square || !isOnlyReader(mean, square)) return false;
  if (square.isStandard('Mul')) return square.input(0) === centred && square.input(1) === centred;
  if (!square.isStandard('Pow') || square.input(0) !== centred) return false;
  const power = square.input(1);
  return isScalar(power, rank) && power!.constant!.item() === 2;
}
