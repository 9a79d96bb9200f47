import type { Node, Value } from '@gossamer/graph';
import { moveEdges, reverse } from '../emit/edges.js';
import type { Emitter } from '../emit/emitter.js';
import { defineGradient } from './gradient-rule.js';

interface Cut {
  /** The lowest index that is taken. */
  readonly low: number;
  readonly step: number;
}

/** What a Slice takes along each axis of its input, by the standard's rules of counting from the end and clamping. */
function cutsOf(g: Emitter, node: Node): Cut[] {
  const [x, starts, , axes, steps] = node.inputs;
  const [from, to] = [g.shape(x!), g.shape(node.outputs[0]!)];
  const cuts = from.map((): Cut => ({ low: 0, step: 1 }));
  const given = g.integers(starts!);
  const named = axes ? g.integers(axes) : given.map((_, i) => i);
  const strides = steps ? g.integers(steps) : given.map(() => 1);
  named.forEach((name, i) => {
    const axis = name < 0 ? name + from.length : name;
    const [size, step] = [from[axis]!, strides[i]!];
    const start = given[i]! < 0 ? given[i]! + size : given[i]!;
    const first = Math.max(0, Math.min(step > 0 ? size : size - 1, start));
    // A single element has no next one, however large the step is.
    cuts[axis] =
      to[axis] === 1 ? { low: first, step: 1 } : { low: step > 0 ? first : first + (to[axis]! - 1) * step, step };
  });
  return cuts;
}

/** steps[axis] - 1 zeros after each element of each axis. */
function spreadOut(g: Emitter, value: Value, steps: readonly number[]): Value {
  const shape = g.shape(value);
  if (steps.every((step) => step === 1)) return value;
  const columns = g.reshape(
    value,
    shape.flatMap((size, axis) => (steps[axis] === 1 ? [size] : [size, 1])),
  );
  const after = steps.flatMap((step) => (step === 1 ? [0] : [0, step - 1]));
  return g.reshape(
    g.pad(columns, [...after.map(() => 0), ...after]),
    shape.map((size, axis) => size * steps[axis]!),
  );
}

/** dy put back where it was taken: turned round where the step is negative, zeros between and around. */
export const sliceGradient = defineGradient({
  op: 'Slice',
  gradient({ g, node, x, dy }) {
    const from = g.shape(x);
    if (g.size(dy) === 0) return [g.zeros(from, g.dtype(x))];
    const cuts = cutsOf(g, node);
    const turned = cuts.flatMap(({ step }, axis) => (step < 0 ? [axis] : []));
    const spread = spreadOut(
      g,
      reverse(g, dy, turned),
      cuts.map(({ step }) => Math.abs(step)),
    );
    const sizes = g.shape(spread);
    return [
      moveEdges(
        g,
        spread,
        cuts.map(({ low }) => low),
        cuts.map(({ low }, axis) => from[axis]! - low - sizes[axis]!),
      ),
    ];
  },
});
