import {
  addDims,
  bindDim,
  type Dim,
  type DimBindings,
  equalDims,
  floorDivideDims,
  multiplyDims,
  subtractDims,
  SymbolicDim,
} from '../ir/dim.js';

/** The dimensions of a tensor of known rank. */
export type Shape = readonly Dim[];

/** An end (or, negative, a start) at least this far away means "to the end of the axis": exporters write INT32_MAX or INT64_MAX. */
const FAR = 2 ** 31 - 1;

/** Names of functions below whose results are sizes, hence >= 0. */
const SIZES = ['min(', 'max0(', 'slice(', 'broadcast(', 'resize(', 'round('];

/** A longer expression is given up as unknown, so that hostile graphs cannot grow them without bound. */
const MAX_SPELLING = 1024;
const MAX_TERMS = 64;

/**
 * `name(operands)`, computed by `evaluate` as soon as every operand is a number, opaque until then: equal operands give equal
 * dimensions, and binding the symbols gives the number. Unknown when an operand is.
 */
export function functionOfDims(
  name: string,
  operands: readonly Dim[],
  evaluate: (...values: number[]) => number | undefined,
): Dim {
  if (operands.includes(undefined)) return undefined;
  const compute = (bindings: DimBindings): number | undefined => {
    const values: number[] = [];
    for (const operand of operands) {
      const value = bindDim(operand, bindings);
      if (typeof value !== 'number') return undefined;
      values.push(value);
    }
    return evaluate(...values);
  };
  if (operands.every((operand) => typeof operand === 'number')) return compute({});
  const key = `${name}(${operands.map(String).join(',')})`;
  return new SymbolicDim([{ coefficient: 1, atoms: [{ key, evaluate: compute, call: { name, operands } }] }]);
}

/** The dimension itself, or unknown when it became unreasonably long. */
export function boundedDim(dim: Dim): Dim {
  if (typeof dim !== 'object') return dim;
  return dim.key.length > MAX_SPELLING || dim.terms.length > MAX_TERMS ? undefined : dim;
}

/** True when the dimension is >= 0 whatever the sizes its symbols stand for (file symbols are sizes). */
export function isNonNegative(dim: Dim): boolean {
  if (dim === undefined) return false;
  if (typeof dim === 'number') return dim >= 0;
  return dim.terms.every(
    (term) =>
      term.coefficient >= 0 &&
      term.atoms.every(({ key, quotient }) => {
        if (quotient) return isNonNegative(quotient.dividend);
        return !key.includes('(') || SIZES.some((name) => key.startsWith(name));
      }),
  );
}

/** True when the dimension is > 0 whatever the sizes its symbols stand for. */
export function isPositive(dim: Dim): boolean {
  return isNonNegative(dim) && isNonNegative(subtractDims(dim, 1));
}

/** The smaller of two sizes. */
export function minDims(a: Dim, b: Dim): Dim {
  const difference = subtractDims(a, b);
  if (isNonNegative(difference)) return b;
  if (isNonNegative(subtractDims(b, a))) return a;
  const known = isNonNegative(a) && isNonNegative(b);
  return functionOfDims(known ? 'min' : 'lesser', [a, b], (x, y) => Math.min(x, y));
}

/** max(a, 0). */
export function clampedDim(a: Dim): Dim {
  return isNonNegative(a) ? a : functionOfDims('max0', [a], (x) => Math.max(x, 0));
}

/** ceil(a / b) for a number b > 0. */
export function ceilDivideDims(a: Dim, b: number): Dim {
  return floorDivideDims(addDims(a, b - 1), b);
}

/** The product of dimensions (1 for none). */
export function productOf(dims: Shape): Dim {
  return dims.reduce<Dim>((product, dim) => multiplyDims(product, dim), 1);
}

/** True for `dim` = min(of, c) with a number c >= 1: equal to `of`, or where one of the two is 1 so is the other or c. */
function isLesserOf(dim: Dim, of: Dim): boolean {
  const [term, ...others] = typeof dim === 'object' ? dim.terms : [];
  const [atom, ...factors] = term?.atoms ?? [];
  if (others.length + factors.length > 0 || term?.coefficient !== 1 || atom?.call?.name !== 'min') return false;
  const [a, b] = atom.call.operands;
  return (typeof b === 'number' && b >= 1 && equalDims(a, of)) || (typeof a === 'number' && a >= 1 && equalDims(b, of));
}

/** Two aligned dimensions under numpy broadcasting, or `false` when they cannot be aligned. */
export function broadcastDims(a: Dim, b: Dim): Dim | false {
  if (a === 1 || equalDims(a, b)) return b;
  if (b === 1) return a;
  if (typeof a === 'number') return typeof b === 'number' ? false : a;
  if (typeof b === 'number') return b;
  // Of n and min(n, 512) the second is n, or they do not align: a table of positions, cut to the length of what is added to it.
  if (isLesserOf(a, b)) return b;
  if (isLesserOf(b, a)) return a;
  // Both symbolic: equal at run time, or one of them is 1.
  return functionOfDims('broadcast', [a, b], (x, y) => (x === 1 ? y : y === 1 || x === y ? x : undefined));
}

/** Numpy broadcasting of several shapes; `false` when they do not fit. */
export function broadcastShapes(shapes: readonly Shape[]): Dim[] | false {
  const rank = Math.max(0, ...shapes.map((shape) => shape.length));
  const result: Dim[] = new Array<Dim>(rank).fill(1);
  for (const shape of shapes) {
    for (let i = 0; i < shape.length; i++) {
      const axis = rank - shape.length + i;
      const dim = broadcastDims(result[axis], shape[i]);
      if (dim === false) return false;
      result[axis] = dim;
    }
  }
  return result;
}

/** Elements that [start, end) with `step` != 0 takes of an axis of `size`, by the rules of Slice (negative values count from the end). */
export function sliceLength(size: Dim, start: Dim, end: Dim, step: number): Dim {
  if (step === 1 && start === 0 && typeof end === 'number' && end >= FAR) return size;
  if (step === -1 && isFarOrLast(start) && typeof end === 'number' && end <= -FAR) return size;
  if (step === 1) {
    const first = slicePosition(start, size);
    const last = slicePosition(end, size);
    if (first !== undefined && last !== undefined) return clampedDim(subtractDims(last, first));
  }
  return functionOfDims(`slice`, [size, start, end, step], sliceCount);
}

const isFarOrLast = (start: Dim): boolean => start === -1 || (typeof start === 'number' && start >= FAR);

/** Where a Slice bound falls for a positive step; undefined when its sign is not known. */
function slicePosition(bound: Dim, size: Dim): Dim {
  if (typeof bound === 'number') {
    if (bound >= FAR) return size;
    if (bound <= -FAR) return 0;
    if (bound < 0) return clampedDim(addDims(size, bound));
  }
  if (bound === 0) return 0;
  return isNonNegative(bound) ? minDims(bound, size) : undefined;
}

/** The clamped bounds of a Slice over an axis of `size`, both numbers. */
export function sliceBounds(size: number, start: number, end: number, step: number): { first: number; last: number } {
  const from = start < 0 ? start + size : start;
  const to = end < 0 ? end + size : end;
  if (step > 0) return { first: Math.min(Math.max(from, 0), size), last: Math.min(Math.max(to, 0), size) };
  return { first: Math.min(Math.max(from, -1), size - 1), last: Math.min(Math.max(to, -1), size - 1) };
}

function sliceCount(size: number, start: number, end: number, step: number): number {
  const { first, last } = sliceBounds(size, start, end, step);
  return Math.max(0, Math.ceil((last - first) / step));
}
