import { addDims, type Dim, divideDims, equalDims, floorDivideDims, multiplyDims, subtractDims } from '../ir/dim.js';
import { CLAMP } from './constant-data.js';
import { functionOfDims, isNonNegative, isPositive } from './dims.js';

type Numeric = (a: number, b: number) => number;

/** Lifts an operation to contents: numbers are computed, symbols go through `symbolic`, clamped bounds and failures are unknown. */
function lift(numeric: Numeric, symbolic: (a: Dim, b: Dim) => Dim): (a: Dim, b: Dim) => Dim {
  return (a, b) => {
    if (a === undefined || b === undefined) return undefined;
    if (typeof a === 'number' && typeof b === 'number') {
      const value = isBound(a) || isBound(b) ? NaN : numeric(a, b);
      return Number.isFinite(value) && !isBound(value) ? value : undefined;
    }
    // Fractions (of float contents) have no symbolic form.
    return isExact(a) && isExact(b) ? symbolic(a, b) : undefined;
  };
}

const isBound = (value: number): boolean => Math.abs(value) >= CLAMP;

export const addElements = lift((a, b) => a + b, addDims);
export const subtractElements = lift((a, b) => a - b, subtractDims);
export const multiplyElements = lift((a, b) => a * b, multiplyDims);
export const divideFloats = lift((a, b) => a / b, divideDims);
export const powElements = lift(
  (a, b) => a ** b,
  (a, b) => (b === 2 ? multiplyDims(a, a) : b === 1 ? a : undefined),
);

/** Integer division truncates toward zero (as C and ONNX Runtime do). */
export const divideIntegers = lift(
  (a, b) => (b === 0 ? NaN : Math.trunc(a / b)),
  (a, b) => {
    if (b === 0) return undefined;
    const exact = divideDims(a, b);
    if (exact !== undefined) return exact;
    if (typeof b === 'number' && b > 0 && isNonNegative(a)) return floorDivideDims(a, b);
    return functionOfDims('trunc', [a, b], (x, y) => (y === 0 ? undefined : Math.trunc(x / y)));
  },
);

/** Mod with fmod=0: the sign of the divisor. */
export const moduloElements = lift(
  (a, b) => (b === 0 ? NaN : a - Math.floor(a / b) * b),
  (a, b) => functionOfDims('mod', [a, b], (x, y) => (y === 0 ? undefined : x - Math.floor(x / y) * y)),
);

export const remainderElements = lift(
  (a, b) => (b === 0 ? NaN : a % b),
  (a, b) => functionOfDims('fmod', [a, b], (x, y) => (y === 0 ? undefined : x % y)),
);

export const minElements = (a: Dim, b: Dim): Dim => pickElement(a, b, 'lesser', Math.min);
export const maxElements = (a: Dim, b: Dim): Dim => pickElement(a, b, 'greater', Math.max);

/** Min and max keep clamped bounds: min(n, INT64_MAX) is an idiom of exporters. */
function pickElement(a: Dim, b: Dim, name: string, pick: Numeric): Dim {
  if (a === undefined || b === undefined) return undefined;
  if (typeof a === 'number' && typeof b === 'number') return pick(a, b);
  if (isAtLeast(a, b)) return name === 'lesser' ? b : a;
  if (isAtLeast(b, a)) return name === 'lesser' ? a : b;
  return functionOfDims(name, [a, b], pick);
}

/** True when a >= b for every binding. */
function isAtLeast(a: Dim, b: Dim): boolean {
  const order = compareElements(a, b);
  if (order !== undefined) return order >= 0;
  return isExact(a) && isExact(b) && isNonNegative(subtractDims(a, b));
}

/** Symbols and whole numbers that are no bounds: what symbolic arithmetic is exact for. */
const isExact = (x: Dim): boolean => typeof x !== 'number' || (Number.isInteger(x) && !isBound(x));

/** -1, 0 or 1 as a < b, a = b or a > b where that holds for every binding; undefined otherwise. */
export function compareElements(a: Dim, b: Dim): number | undefined {
  if (a === undefined || b === undefined) return undefined;
  if (typeof a === 'number' && typeof b === 'number') {
    // Two clamped bounds look equal.
    return a === b && isBound(a) ? undefined : Math.sign(a - b);
  }
  if (equalDims(a, b)) return 0;
  for (const [x, sign] of [
    [a, -1],
    [b, 1],
  ] as const) {
    if (typeof x === 'number' && isBound(x)) return x > 0 ? -sign : sign;
  }
  if (!isExact(a) || !isExact(b)) return undefined;
  if (isPositive(subtractDims(a, b))) return 1;
  return isPositive(subtractDims(b, a)) ? -1 : undefined;
}

/** 1 or 0 for a comparison that is decided, else unknown. */
export function truth(holds: boolean | undefined): Dim {
  return holds === undefined ? undefined : Number(holds);
}

/** a = b; true, false, or undefined when that depends on the symbols. */
export function elementsEqual(a: Dim, b: Dim): boolean | undefined {
  const order = compareElements(a, b);
  return order === undefined ? undefined : order === 0;
}
