import type { Dim } from '@gossamer/graph';
import { equalDims, type Value } from '@gossamer/graph';
import type { ElementMap, NodeAxes, Way } from './node-axes.js';

/** Most elements of the axes that a Reshape merges or parts; beyond that they are frozen. */
const MAX_ELEMENTS = 2 ** 22;

/**
 * Ties the axes of `x` and `y`, which hold the same elements in the same order. They are cut into the shortest stretches of equal products; a
 * stretch of one axis on each side is one axis, in others axes are merged or parted: then one on each side can shrink, by the map of
 * elements with a position in common.
 */
export function tieReshaped(axes: NodeAxes, x: Value, y: Value, canShrink: (outputAxis: number) => boolean): void {
  const [from, to] = [axes.shape(x), axes.shape(y)];
  if (!from || !to || from.includes(0)) return;
  let first = 0;
  while (first < from.length && first < to.length && isSame(from[first], to[first])) {
    if (canShrink(first)) axes.tie(x, first, y, first);
    first++;
  }
  let [i, j] = [from.length, to.length];
  for (;;) {
    const [start, stop] = stretch(from, to, i, j, first);
    // Axes of length 1 hold no elements of their own.
    const [a, b] = [
      range(start, i).filter((axis) => from[axis] !== 1),
      range(stop, j).filter((axis) => to[axis] !== 1),
    ];
    for (const axis of range(start, i)) if (from[axis] === 1) axes.pass(x, axis);
    for (const axis of range(stop, j)) if (to[axis] === 1) axes.pass(y, axis);
    tieStretch(axes, { x, y, a, b, canShrink });
    if (start === first && stop === first) return;
    [i, j] = [start, stop];
  }
}

/** Where the last stretch before `i` and `j` with equal products begins; the rest is one stretch where a length is not fixed. */
function stretch(from: readonly Dim[], to: readonly Dim[], i: number, j: number, first: number): [number, number] {
  let [start, stop, a, b] = [i, j, 1, 1];
  do {
    const isFirst = start > first && (a <= b || stop === first);
    const dim = isFirst ? from[start - 1] : to[stop - 1];
    if (typeof dim !== 'number') return [first, first];
    if (isFirst) [start, a] = [start - 1, a * dim];
    else [stop, b] = [stop - 1, b * dim];
  } while (a !== b && (start > first || stop > first));
  return [start, stop];
}

function tieStretch(axes: NodeAxes, merged: Merged): void {
  const { x, y, a, b, canShrink } = merged;
  if (a.length === 0 || b.length === 0) return;
  if (a.length === 1 && b.length === 1) {
    if (canShrink(b[0]!)) axes.tie(x, a[0]!, y, b[0]!);
    return;
  }
  const ways = waysOf(axes, merged);
  if (ways.length > 0) axes.choose(ways);
}

const isSame = (a: Dim, b: Dim): boolean => equalDims(a, b);
const range = (start: number, end: number): number[] => Array.from({ length: end - start }, (_, i) => start + i);

interface Merged {
  readonly x: Value;
  readonly y: Value;
  /** Axes concerned, of each side. */
  readonly a: readonly number[];
  readonly b: readonly number[];
  readonly canShrink: (outputAxis: number) => boolean;
}

function waysOf(axes: NodeAxes, { x, y, a, b, canShrink }: Merged): Way[] {
  const [from, to] = [a.map((i) => axes.length(x, i)), b.map((i) => axes.length(y, i))];
  const ways: Way[] = [];
  const add = (i: number, j: number, map: () => ElementMap) => {
    if (!canShrink(b[j]!)) return;
    const frozen = [
      ...a.filter((_, k) => k !== i).map((axis) => [x, axis] as const),
      ...b.filter((_, k) => k !== j).map((axis) => [y, axis] as const),
    ];
    ways.push({ ties: [{ a: x, aAxis: a[i]!, b: y, bAxis: b[j]!, map }], frozen });
  };
  if (from.every(isNumber) && to.every(isNumber)) {
    if (product(from) > MAX_ELEMENTS || product(from) !== product(to)) return [];
    for (let i = 0; i < a.length; i++)
      for (let j = 0; j < b.length; j++) add(i, j, () => commonPositions(from, to, i, j));
  } else if (isNumber(from[0]) && isNumber(to[0]) && (from[0] % to[0] === 0 || to[0] % from[0] === 0)) {
    // The outermost axes hold whole blocks of each other, however long the rest is.
    const count = Math.max(from[0], to[0]);
    const [sizeA, sizeB] = [count / from[0], count / to[0]];
    add(0, 0, () => ({
      from: Int32Array.from({ length: count }, (_, i) => Math.floor(i / sizeA)),
      to: Int32Array.from({ length: count }, (_, i) => Math.floor(i / sizeB)),
    }));
  }
  return ways;
}

const isNumber = (value: number | undefined): value is number => value !== undefined;
const product = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);

/** Index on axis i of `from` and on axis j of `to` of each position, repetitions left out as far as cheap. */
function commonPositions(from: readonly number[], to: readonly number[], i: number, j: number): ElementMap {
  const [strideA, strideB] = [product(from.slice(i + 1)), product(to.slice(j + 1))];
  const [lengthA, lengthB] = [from[i]!, to[j]!];
  const total = product(from);
  const a: number[] = [];
  const b: number[] = [];
  // Both indices are constant over runs of the strides' common divisor.
  const step = gcd(strideA, strideB);
  // And they repeat together with the common multiple of their periods.
  const end = Math.min(total, lcm(strideA * lengthA, strideB * lengthB));
  for (let at = 0; at < end; at += step) {
    a.push(Math.floor(at / strideA) % lengthA);
    b.push(Math.floor(at / strideB) % lengthB);
  }
  return { from: Int32Array.from(a), to: Int32Array.from(b) };
}

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));
const lcm = (a: number, b: number): number => (a / gcd(a, b)) * b;
