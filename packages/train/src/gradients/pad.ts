import type { Node, Value } from '@gossamer/graph';
import { moveEdges, reverse } from '../emit/edges.js';
import type { Emitter } from '../emit/emitter.js';
import { defineGradient } from './gradient-rule.js';

/** Elements [start, start + count) of a padded axis that read its input from `source` on, going up (1), down (-1) or standing (0). */
interface Run {
  readonly start: number;
  readonly count: number;
  readonly source: number;
  readonly direction: -1 | 0 | 1;
}

/** Begins and ends of all axes. */
function padsOf(g: Emitter, node: Node): { before: number[]; after: number[] } {
  const rank = g.rank(node.inputs[0]!);
  const given = g.integers(node.inputs[1]!);
  const axes = node.inputs[3]
    ? g.integers(node.inputs[3]).map((axis) => (axis < 0 ? axis + rank : axis))
    : Array.from({ length: rank }, (_, axis) => axis);
  const [before, after] = [new Array<number>(rank).fill(0), new Array<number>(rank).fill(0)];
  axes.forEach((axis, i) => {
    before[axis] = given[i]!;
    after[axis] = given[i + axes.length]!;
  });
  return { before, after };
}

/** The index that position `at`, counted from the begin of the input, reads. Source: ONNX operator Pad. */
function sourceOf(at: number, size: number, mode: string): number {
  if (mode === 'edge') return Math.max(0, Math.min(size - 1, at));
  const modulo = (divisor: number) => ((at % divisor) + divisor) % divisor;
  if (mode === 'wrap') return modulo(size);
  if (size === 1) return 0;
  const place = modulo(2 * (size - 1));
  return place < size ? place : 2 * (size - 1) - place;
}

/** The padded axis as runs. */
function runsOf(size: number, before: number, after: number, mode: string): Run[] {
  const sources = Array.from({ length: size + before + after }, (_, i) => sourceOf(i - before, size, mode));
  const runs: Run[] = [];
  for (let start = 0; start < sources.length;) {
    const direction = (sources[start + 1] ?? sources[start]!) - sources[start]!;
    let count = 1;
    const isStep = direction === -1 || direction === 0 || direction === 1;
    while (isStep && sources[start + count] === sources[start]! + count * direction) count++;
    runs.push({ start, count, source: sources[start]!, direction: isStep ? direction : 0 });
    start += count;
  }
  return runs;
}

/** The gradient by an input of `size` elements along `axis` that was padded there with its own elements. */
function foldAxis(g: Emitter, dy: Value, axis: number, size: number, runs: readonly Run[]): Value {
  const parts = runs.map(({ start, count, source, direction }) => {
    const part = g.slice(dy, [axis], [start], [start + count]);
    const ordered = direction < 0 ? reverse(g, part, [axis]) : direction === 0 ? g.sum(part, [axis], 1) : part;
    const low = direction < 0 ? source - count + 1 : source;
    const zeros = g.shape(dy).map(() => 0);
    return moveEdges(
      g,
      ordered,
      zeros.map((_, i) => (i === axis ? low : 0)),
      zeros.map((_, i) => (i === axis ? size - low - g.shape(ordered)[axis]! : 0)),
    );
  });
  return parts.reduce((sum, part) => g.add(sum, part));
}

/** Each element gets the gradients of all its copies; the fill value those of the others. */
export const padGradient = defineGradient({
  op: 'Pad',
  gradient({ g, node, inputs, x, dy, needs }) {
    const { before, after } = padsOf(g, node);
    const mode = node.string('mode', 'constant');
    const shape = g.shape(x);
    if (mode === 'constant') {
      const inner = moveEdges(
        g,
        dy,
        before.map((count) => -count),
        after.map((count) => -count),
      );
      const all = (value: Value) =>
        g.sum(
          value,
          g.shape(value).map((_, axis) => axis),
        );
      const kept = () =>
        all(
          moveEdges(
            g,
            dy,
            before.map((count) => Math.min(0, -count)),
            after.map((count) => Math.min(0, -count)),
          ),
        );
      const fill = inputs[2];
      return [inner, undefined, fill && needs(2) ? g.reshape(g.sub(all(dy), kept()), g.shape(fill)) : undefined];
    }
    return [
      shape.reduce((gradient, size, axis) => {
        if (before[axis] === 0 && after[axis] === 0) return gradient;
        return foldAxis(g, gradient, axis, size, runsOf(size, before[axis]!, after[axis]!, mode));
      }, dy),
    ];
  },
});
