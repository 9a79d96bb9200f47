import type { TypeTable } from '../../inference/type-table.js';
import type { Node } from '../../ir/node.js';
import type { Value } from '../../ir/value.js';
import { Fragment } from '../pattern/fragment.js';
import type { Coefficient } from './polynomial.js';
import { scalarConstant, UNIT_ROUNDOFF } from '../pattern/scalar-constant.js';

/** coefficient · x · gate, whatever the order of the products. */
export interface GatedProduct {
  readonly fragment: Fragment;
  readonly x: Value;
  readonly gate: Value;
  readonly coefficient: Coefficient;
  readonly types: TypeTable;
  /** Unit roundoff of the dtype of x. */
  readonly u: number;
}

/** Types that activations are matched in: ONNX Runtime has them, and their constants are one rounding away from the real ones. */
const DTYPES: ReadonlySet<string> = new Set(['float16', 'float32']);

/** The ways to read `last` (a Mul, or a Div by a number) as a product of numbers and two values, each of which may be the gate. */
export function gatedProducts(last: Node, types: TypeTable): GatedProduct[] {
  if (!last.isStandard('Mul') && !last.isStandard('Div')) return [];
  return [0, 1].flatMap((index) => {
    // Each reading takes nodes of its own.
    const fragment = new Fragment(last);
    const found = productOf(last, fragment, types);
    const [x, gate] = [found?.factors[index], found?.factors[1 - index]];
    const dtype = x && types.dtypeOf(x);
    if (found?.factors.length !== 2 || !x || !gate || !dtype || !DTYPES.has(dtype)) return [];
    return [{ fragment, x, gate, coefficient: found.coefficient, types, u: UNIT_ROUNDOFF[dtype]! }];
  });
}

interface Product {
  readonly coefficient: Coefficient;
  readonly factors: readonly Value[];
}

function productOf(node: Node, fragment: Fragment, types: TypeTable): Product | undefined {
  const [a, b] = node.inputs;
  if (!a || !b) return undefined;
  const divisor = scalarConstant(b, a, types);
  if (node.op === 'Div') {
    return divisor === undefined ? undefined : scaled(factorOf(a, fragment, types), 1 / divisor);
  }
  if (divisor !== undefined) return scaled(factorOf(a, fragment, types), divisor);
  const number = scalarConstant(a, b, types);
  if (number !== undefined) return scaled(factorOf(b, fragment, types), number);
  const [left, right] = [factorOf(a, fragment, types), factorOf(b, fragment, types)];
  return left && right && multiply(left, right);
}

/** A value as a factor; products that are read here alone are read into. */
function factorOf(value: Value, fragment: Fragment, types: TypeTable): Product | undefined {
  const isInner = value.uses.length === 1 && !value.isOutput;
  const node = isInner ? fragment.take(value, 'Mul', 'Div') : undefined;
  return node ? productOf(node, fragment, types) : { coefficient: { value: 1, roundings: 0 }, factors: [value] };
}

const scaled = (product: Product | undefined, number: number): Product | undefined =>
  product && multiply(product, { coefficient: { value: number, roundings: 1 }, factors: [] });

const multiply = (a: Product, b: Product): Product => ({
  coefficient: {
    value: a.coefficient.value * b.coefficient.value,
    roundings: a.coefficient.roundings + b.coefficient.roundings,
  },
  factors: [...a.factors, ...b.factors],
});
