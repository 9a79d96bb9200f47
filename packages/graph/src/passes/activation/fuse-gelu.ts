import { attribute } from '../../ir/attribute.js';
import type { Node } from '../../ir/node.js';
import type { Value } from '../../ir/value.js';
import { type GatedProduct, gatedProducts } from './gated-product.js';
import { defineNodePass } from '../pass.js';
import type { PassContext } from '../pass-context.js';
import type { PassScope } from '../pass-scope.js';
import { isNear, isPolynomial, polynomialOf } from './polynomial.js';
import { scalarConstant } from '../pattern/scalar-constant.js';

/** Gelu is an operator of the standard from this opset on. */
const LEAST_OPSET = 20;

const ROOT = Math.sqrt(2 / Math.PI);
const CUBIC = ROOT * 0.044715;

/**
 * Turns 0.5·x·(1 + erf(x / √2)), 0.5·x·(1 + tanh(√(2/π)·(x + 0.044715·x³))) and x·sigmoid(2·√(2/π)·(x + 0.044715·x³)) into Gelu, in
 * whatever order of the products, the cube as a power or as products, the half inside or outside of the sum. A constant counts as the
 * number it stands for when it is within one rounding to the dtype of x (float32 or float16). Nothing else may read what lies between.
 *
 * Bound, u the unit roundoff (2^-24, 2^-11): erf and tanh err by a few u absolutely, their arguments relatively (|t·f'(t)| <= 0.5 for
 * both; constants add at most 3u), so either form errs by at most 16·u·|x|, and the two differ by 32·u·|x| at most, but for
 * products below the normal numbers, which err by half the smallest number.
 * Source: Hendrycks & Gimpel 2016, arXiv:1606.08415, section 2.
 */
export const fuseGelu = defineNodePass({
  name: 'fuse-gelu',
  exactness: 'reassociates',
  rewrite: fuse,
});

function fuse(last: Node, scope: PassScope, context: PassContext): boolean {
  for (const product of gatedProducts(last, context.types)) {
    const approximate = formOf(product);
    if (!approximate || !product.fragment.isClosed) continue;
    if (!context.hasOperator(scope, 'Gelu', LEAST_OPSET, last)) return false;
    const attributes = { approximate: attribute.string(approximate) };
    product.fragment.replace({ op: 'Gelu', name: last.name, inputs: [product.x], attributes });
    return true;
  }
  return false;
}

function formOf(product: GatedProduct): 'none' | 'tanh' | undefined {
  const { fragment, x, gate, coefficient, types, u } = product;
  const logistic = fragment.take(gate, 'Sigmoid');
  if (logistic) {
    const inner = polynomialOf(logistic.input(0), x, fragment, types);
    return isNear(coefficient, 1, u) && isPolynomial(inner, { 1: 2 * ROOT, 3: 2 * CUBIC }, u) ? 'tanh' : undefined;
  }
  const step = stepOf(gate, product);
  if (!step || !isNear({ ...coefficient, value: coefficient.value * step.height }, 0.5, u)) return undefined;
  const inner = polynomialOf(step.form.input(0), x, fragment, types);
  if (step.form.op === 'Erf') return isPolynomial(inner, { 1: Math.SQRT1_2 }, u) ? 'none' : undefined;
  return isPolynomial(inner, { 1: ROOT, 3: CUBIC }, u) ? 'tanh' : undefined;
}

/** height·(1 + form), as the sum of two numbers' multiples. */
function stepOf(gate: Value, { fragment, x, types }: GatedProduct): { height: number; form: Node } | undefined {
  const add = fragment.take(gate, 'Add');
  for (const side of [0, 1]) {
    const height = scalarConstant(add?.input(side), x, types);
    if (height === undefined) continue;
    const rest = add!.input(1 - side);
    const form = fragment.take(rest, 'Erf', 'Tanh') ?? multiplied(rest, height, fragment, x, types);
    if (form && (height === 1 || form.output !== rest)) return { height, form };
  }
  return undefined;
}

/** The node of erf or tanh that `value` multiplies by exactly `height`. */
function multiplied(
  value: Value | undefined,
  height: number,
  fragment: GatedProduct['fragment'],
  x: Value,
  types: GatedProduct['types'],
): Node | undefined {
  const mul = fragment.take(value, 'Mul');
  const side = mul?.inputs.findIndex((input) => scalarConstant(input, x, types) === height) ?? -1;
  return side < 0 ? undefined : fragment.take(mul!.input(1 - side), 'Erf', 'Tanh');
}
