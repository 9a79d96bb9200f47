import type { TypeTable } from '../../inference/type-table.js';
import type { Value } from '../../ir/value.js';
import type { Fragment } from '../pattern/fragment.js';
import { scalarConstant } from '../pattern/scalar-constant.js';

/** One coefficient, and how many constants of the graph were multiplied for it: each is rounded once. */
export interface Coefficient {
  readonly value: number;
  readonly roundings: number;
}

/** Coefficients by degree. */
export type Polynomial = ReadonlyMap<number, Coefficient>;

/** Nested operators that are read; exporters write up to five. */
const MAX_DEPTH = 8;

/**
 * `value` as a polynomial in `x`, read from sums, products, quotients by numbers, and powers; its nodes become part of `fragment`.
 * Undefined where anything else is computed, or where two terms have one degree.
 */
export function polynomialOf(
  value: Value | undefined,
  x: Value,
  fragment: Fragment,
  types: TypeTable,
  depth = MAX_DEPTH,
): Polynomial | undefined {
  if (value === x) return new Map([[1, { value: 1, roundings: 0 }]]);
  const number = scalarConstant(value, x, types);
  if (number !== undefined) return new Map([[0, { value: number, roundings: 1 }]]);
  const node = depth > 0 ? fragment.take(value, 'Add', 'Mul', 'Div', 'Pow') : undefined;
  if (!node) return undefined;
  const [a, b] = node.inputs.map((input) => polynomialOf(input, x, fragment, types, depth - 1));
  if (!a || !b) return undefined;
  if (node.op === 'Add') return sum(a, b);
  if (node.op === 'Mul') return product(a, b);
  const divisor = b.size === 1 ? b.get(0) : undefined;
  if (!divisor) return undefined;
  if (node.op === 'Div') return product(a, new Map([[0, { ...divisor, value: 1 / divisor.value }]]));
  return divisor.value === 2 || divisor.value === 3 ? power(a, divisor.value) : undefined;
}

function sum(a: Polynomial, b: Polynomial): Polynomial | undefined {
  if ([...a.keys()].some((degree) => b.has(degree))) return undefined;
  return new Map([...a, ...b]);
}

function product(a: Polynomial, b: Polynomial): Polynomial | undefined {
  const result = new Map<number, Coefficient>();
  for (const [m, left] of a) {
    for (const [n, right] of b) {
      if (result.has(m + n)) return undefined;
      const value = left.value * right.value;
      result.set(m + n, { value, roundings: left.roundings + right.roundings });
    }
  }
  return result;
}

function power(base: Polynomial, exponent: number): Polynomial | undefined {
  let result: Polynomial | undefined = base;
  for (let i = 1; result && i < exponent; i++) result = product(result, base);
  return result;
}

/** True when `found` has exactly the terms of `expected`, each coefficient as near as `roundings` roundings of unit `u` allow. */
export function isPolynomial(
  found: Polynomial | undefined,
  expected: Readonly<Record<number, number>>,
  u: number,
): boolean {
  const terms = Object.entries(expected);
  return found?.size === terms.length && terms.every(([degree, real]) => isNear(found.get(Number(degree)), real, u));
}

/** True when `found` is `real` but for one rounding of relative size `u` for each constant in it. */
export function isNear(found: Coefficient | undefined, real: number, u: number): boolean {
  return found !== undefined && Math.abs(found.value - real) <= found.roundings * u * Math.abs(real);
}
