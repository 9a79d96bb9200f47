import type { EvalTensor } from '../eval-value.js';
import { elementCount } from '../../ir/tensor.js';
import { defineKernel, type Kernel, type KernelCall } from '../kernel.js';
import { stridesOf, take } from '../strided.js';
import { gather } from './gather.js';

type Element = number | bigint | string;

/** NaN sorts as the largest, as numpy does. */
function ascending(a: Element, b: Element): number {
  if (a === b) return 0;
  if (Number.isNaN(a)) return Number.isNaN(b) ? 0 : 1;
  if (Number.isNaN(b)) return -1;
  if (typeof a === 'string' || typeof b === 'string') return byCharacter(String(a), String(b));
  return a < b ? -1 : 1;
}

/** By code point, which is the order of UTF-8 bytes; JavaScript compares halves of surrogate pairs. */
function byCharacter(a: string, b: string): number {
  let i = 0;
  while (i < a.length && a[i] === b[i]) i++;
  // A difference in the second half of a pair is one of the pair.
  if (i > 0 && /[\ud800-\udbff]/.test(a[i - 1]!)) i--;
  return (a.codePointAt(i) ?? -1) - (b.codePointAt(i) ?? -1);
}

/** The k largest (or smallest) along an axis, in order; equal values by lower index. K is an attribute before opset 10. */
function topK(call: KernelCall): EvalTensor[] {
  const x = call.tensor(0);
  const axis = call.axis(call.node.int('axis', -1), x.dims.length);
  const k = call.opset < 10 ? call.node.int('k', 0) : call.integers(1)[0]!;
  const sign = call.node.int('largest', 1) === 1 ? -1 : 1;
  const size = x.dims[axis]!;
  if (!(k >= 0 && k <= size)) call.fail('ERR_EVAL_VALUE', 'k', `an integer in [0, ${size}]`, String(k));
  const dims = x.dims.map((dim, i) => (i === axis ? k : dim));
  const inner = stridesOf(x.dims)[axis]!;
  const outer = elementCount(x.dims.slice(0, axis));
  const offsets = new Int32Array(elementCount(dims));
  const places = new Float64Array(offsets.length);
  for (let row = 0; row < outer * inner; row++) {
    const [o, i] = [Math.floor(row / inner), row % inner];
    const at = (place: number) => (o * size + place) * inner + i;
    const order = Array.from({ length: size }, (_, place) => place);
    order.sort((p, q) => sign * ascending(x.data[at(p)]!, x.data[at(q)]!) || p - q);
    for (let j = 0; j < k; j++) {
      offsets[(o * k + j) * inner + i] = at(order[j]!);
      places[(o * k + j) * inner + i] = order[j]!;
    }
  }
  return [take(call, x, dims, offsets), call.result('int64', dims, places)];
}

/** Distinct elements (or slices along `axis`), with first positions, inverse and counts. */
function unique(call: KernelCall): EvalTensor[] {
  const given = call.tensor(0);
  const axisGiven = call.node.int('axis', undefined);
  const x = axisGiven === undefined ? { ...given, dims: [elementCount(given.dims)] } : given;
  const axis = axisGiven === undefined ? 0 : call.axis(axisGiven, x.dims.length);
  const [size, inner] = [x.dims[axis]!, stridesOf(x.dims)[axis]!];
  const outer = elementCount(x.dims.slice(0, axis));
  const slice = (place: number): Element[] => {
    const elements: Element[] = [];
    for (let o = 0; o < outer; o++)
      for (let i = 0; i < inner; i++) elements.push(x.data[(o * size + place) * inner + i]!);
    return elements;
  };
  const groups = new Map<string, { first: number; count: number; slice: Element[] }>();
  const keys = Array.from({ length: size }, (_, place) => {
    const elements = slice(place);
    // With the lengths, since strings may hold any separator.
    const key = elements.map((element) => `${String(element).length}:${String(element)}`).join(' ');
    const group = groups.get(key);
    if (group) group.count++;
    else groups.set(key, { first: place, count: 1, slice: elements });
    return key;
  });
  const order = [...groups.keys()];
  if (call.node.int('sorted', 1) === 1) order.sort((a, b) => lexical(groups.get(a)!.slice, groups.get(b)!.slice));
  const rank = new Map(order.map((key, i) => [key, i]));
  const firsts = order.map((key) => groups.get(key)!.first);
  const int64 = (values: readonly number[]) => call.result('int64', [values.length], values);
  return [
    gather(call, x, axis, firsts, [firsts.length]),
    int64(firsts),
    int64(keys.map((key) => rank.get(key)!)),
    int64(order.map((key) => groups.get(key)!.count)),
  ];
}

function lexical(a: readonly Element[], b: readonly Element[]): number {
  for (let i = 0; i < a.length; i++) {
    const difference = ascending(a[i]!, b[i]!);
    if (difference !== 0) return difference;
  }
  return 0;
}

interface Box {
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
}

/** Corners in any order, or (center_point_box 1) centre and size. */
function boxOf(data: ArrayLike<number>, at: number, centred: boolean): Box {
  const [a, b, c, d] = [data[at]!, data[at + 1]!, data[at + 2]!, data[at + 3]!];
  if (centred) return { left: a - c / 2, top: b - d / 2, right: a + c / 2, bottom: b + d / 2 };
  return { top: Math.min(a, c), left: Math.min(b, d), bottom: Math.max(a, c), right: Math.max(b, d) };
}

function overlap(a: Box, b: Box): number {
  const area = (box: Box) => (box.bottom - box.top) * (box.right - box.left);
  const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
  const shared = Math.max(0, height) * Math.max(0, width);
  return shared / (area(a) + area(b) - shared);
}

/** Greedy by score, per batch item and class; rows [batch, class, box]. */
function nonMaxSuppression(call: KernelCall): EvalTensor {
  const [boxes, scores] = [call.tensor(0), call.tensor(1)];
  const [batch = 0, classes = 0, count = 0] = scores.dims;
  const limit = call.inputs[2] ? call.integers(2)[0]! : 0;
  const overlapLimit = call.inputs[3] ? call.numbers(3)[0]! : 0;
  const scoreLimit = call.inputs[4] ? call.numbers(4)[0]! : -Infinity;
  const centred = call.node.int('center_point_box', 0) === 1;
  const [corners, values] = [call.asNumbers(boxes), call.asNumbers(scores)];
  const rows: number[] = [];
  for (let n = 0; n < batch; n++) {
    const all = Array.from({ length: count }, (_, i) => boxOf(corners, (n * count + i) * 4, centred));
    for (let c = 0; c < classes; c++) {
      const score = (i: number) => values[(n * classes + c) * count + i]!;
      const candidates = all.map((_, i) => i).filter((i) => score(i) > scoreLimit);
      candidates.sort((p, q) => score(q) - score(p) || p - q);
      const kept: number[] = [];
      for (const i of candidates) {
        if (kept.length >= limit) break;
        if (kept.every((other) => overlap(all[i]!, all[other]!) <= overlapLimit)) kept.push(i);
      }
      call.charge(candidates.length * Math.max(1, kept.length));
      for (const i of kept) rows.push(n, c, i);
    }
  }
  return call.result('int64', [rows.length / 3, 3], rows);
}

export const ordering: readonly Kernel[] = [
  defineKernel({ op: 'TopK', run: topK }),
  defineKernel({ op: 'Unique', run: unique }),
  defineKernel({ op: 'NonMaxSuppression', run: (call) => [nonMaxSuppression(call)] }),
];
