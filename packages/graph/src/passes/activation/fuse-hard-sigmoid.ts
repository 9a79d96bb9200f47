import { attribute } from '../../ir/attribute.js';
import type { Node } from '../../ir/node.js';
import type { Value } from '../../ir/value.js';
import { Fragment } from '../pattern/fragment.js';
import { gatedProducts } from './gated-product.js';
import { definePass } from '../pass.js';
import type { PassContext } from '../pass-context.js';
import type { PassScope } from '../pass-scope.js';
import { isNear, polynomialOf } from './polynomial.js';
import { scalarConstant, UNIT_ROUNDOFF } from '../pattern/scalar-constant.js';
import type { TypeTable } from '../../inference/type-table.js';

/** What exporters mean by a hard sigmoid: MobileNetV3's, and Keras's. The offset is one half in both. */
const SLOPES = [1 / 6, 0.2];

/**
 * Turns clip(x + 3, 0, 6) / 6 and clip(0.2·x + 0.5, 0, 1), in any order of sums and products, into HardSigmoid; x·clip(x + 3, 0, 6) / 6 into
 * x times that. ONNX Runtime 1.30 has a kernel for HardSigmoid and none for HardSwish, which it takes apart into these two.
 *
 * Bound, u the unit roundoff of the dtype: before the clipping either form errs by at most 3u where the result lies in [0, 1] (slope, offset
 * and sum are of size 1), so the results differ by 6u at most, and x times them by 8·u·|x|.
 * Source: Howard et al., "Searching for MobileNetV3", ICCV 2019 (arXiv:1905.02244), section 5.2.
 */
export const fuseHardSigmoid = definePass({
  name: 'fuse-hard-sigmoid',
  exactness: 'reassociates',

  run(_model, context) {
    let changes = 0;
    for (const scope of context.scopes()) {
      for (const node of scope.graph.nodes()) {
        if (fuseProduct(node, scope, context) || fuseAlone(node, scope, context)) changes++;
      }
    }
    return { changes };
  },
});

function fuseProduct(last: Node, scope: PassScope, { types }: PassContext): boolean {
  for (const { fragment, x, gate, coefficient, u } of gatedProducts(last, types)) {
    const slope = slopeOf(gate, x, fragment, scope, types, coefficient, u);
    if (slope === undefined || !fragment.isClosed) continue;
    const product = fragment.replace({ op: 'Mul', name: last.name, inputs: [x, x] });
    const sigmoid = product.graph.add(
      { op: 'HardSigmoid', inputs: [x], outputs: [`${product.output.name}_gate`], attributes: attributesOf(slope) },
      { before: product },
    );
    product.graph.setInput(product, 1, sigmoid.output);
    return true;
  }
  return false;
}

/** The sigmoid by itself: a quotient or product of the clipped value, or that value where it is clipped to [0, 1]. */
function fuseAlone(last: Node, scope: PassScope, { types }: PassContext): boolean {
  const clip = last.isStandard('Clip')
    ? last
    : last.inputs.map((value) => value?.producer).find((node) => node?.isStandard('Clip'));
  const x = clip && innermost(clip.input(0), types);
  // ONNX Runtime has no HardSigmoid of float64.
  const dtype = x && types.dtypeOf(x);
  const u = dtype === 'float16' || dtype === 'float32' ? UNIT_ROUNDOFF[dtype] : undefined;
  if (!clip || !x || u === undefined || isGate(last, x)) return false;
  const fragment = new Fragment(last);
  const factor = last === clip ? { value: 1, roundings: 0 } : factorOf(last, clip, types);
  const slope = factor && slopeOf(clip.output, x, fragment, scope, types, factor, u, last);
  if (slope === undefined || !fragment.isClosed) return false;
  fragment.replace({ op: 'HardSigmoid', name: last.name, inputs: [x], attributes: attributesOf(slope) });
  return true;
}

/** A clipped value that x is multiplied with before the division: the pattern is larger than it. */
const isGate = (last: Node, x: Value): boolean => last.isStandard('Mul') && last.inputs.includes(x);

const attributesOf = (slope: number) => ({ alpha: attribute.float(slope), beta: attribute.float(0.5) });

function factorOf(last: Node, clip: Node, types: TypeTable) {
  const clipped = clip.output;
  const side = last.inputs.indexOf(clipped);
  const number =
    last.isStandard('Mul') || (last.isStandard('Div') && side === 0)
      ? scalarConstant(last.input(1 - side), clipped, types)
      : undefined;
  return number === undefined ? undefined : { value: last.op === 'Mul' ? number : 1 / number, roundings: 1 };
}

/** The value below sums and products with numbers. */
function innermost(value: Value | undefined, types: TypeTable): Value | undefined {
  const node = value?.producer;
  if (!value || !node || !(node.isStandard('Add') || node.isStandard('Mul'))) return value;
  const side = node.inputs.findIndex((input) => scalarConstant(input, value, types) !== undefined);
  return side < 0 ? value : innermost(node.input(1 - side), types);
}

/** The slope of the hard sigmoid of x that factor·gate is. */
function slopeOf(
  gate: Value,
  x: Value,
  fragment: Fragment,
  scope: PassScope,
  types: TypeTable,
  factor: { value: number; roundings: number },
  u: number,
  last?: Node,
): number | undefined {
  const clip = last?.output === gate ? last : fragment.take(gate, 'Clip');
  const top = clip && clippedTo(clip, scope, x, types);
  if (!clip || top === undefined || !isNear({ ...factor, value: factor.value * top }, 1, u)) return undefined;
  const line = polynomialOf(clip.input(0), x, fragment, types);
  const [offset, slope] = [line?.get(0), line?.get(1)];
  if (line?.size !== 2 || !offset || !slope) return undefined;
  if (!isNear({ value: offset.value / top, roundings: offset.roundings }, 0.5, u)) return undefined;
  return SLOPES.find((real) =>
    isNear({ value: slope.value / top, roundings: slope.roundings + factor.roundings }, real, u),
  );
}

/** The upper bound of a Clip from 0. */
function clippedTo(clip: Node, scope: PassScope, x: Value, types: TypeTable): number | undefined {
  const [low, high] =
    scope.opset < 11
      ? [clip.float('min', undefined), clip.float('max', undefined)]
      : [1, 2].map((slot) => scalarConstant(clip.input(slot), x, types));
  return low === 0 && high !== undefined && high > 0 ? high : undefined;
}
