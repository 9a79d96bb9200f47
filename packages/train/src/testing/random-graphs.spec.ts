import { Tensor } from '@gossamer/graph';
import { evaluate } from '@gossamer/graph/eval';
import { differentiate, gradientName } from '../differentiate.js';
import { expandFunctions } from '../functions/expand-functions.js';
import { emptyEmitter, sampleNumbers } from './check-gradient.js';
import { dice, randomGraph, stepNames } from './random-graph.js';

const GRAPHS = 200;

/** Step of the differences. Extrapolated twice (Richardson), they are exact but for terms of h^4 and 1e-16 / h: some 1e-12 of the loss. */
const H = 1e-4;
/** Both errors of differences, and float32 constants in gradients (6e-8 each), are well below; a wrong formula is well above. */
const TOLERANCE = 1e-6;
/** Directions that are tried: one on which differences of two widths disagree crosses a corner, and says nothing. */
const DIRECTIONS = 8;

const used = new Set<string>();

/** The loss of graph `seed` as a function of a step along a direction, and its slope by the gradients; `size` is the slope without signs. */
function alongDirections(seed: number) {
  const g = emptyEmitter();
  const roll = dice(seed);
  const result = randomGraph(g, roll, 3 + roll(5), used);
  const weights = g.tensor(Tensor.of('float32', g.shape(result), Float32Array.from(sampleNumbers(g.size(result), 99))));
  g.output(
    g.sum(
      g.mul(result, weights),
      g.shape(result).map((_, axis) => axis),
    ),
    'loss',
  );
  const inputs = [...g.graph.inputs];
  const { model } = differentiate(g.model, { loss: 'loss', wrt: inputs.map(({ name }) => name) });
  const forward = expandFunctions(g.model);
  const points = inputs.map((value, i) => sampleNumbers(g.size(value), seed * 31 + i));
  const feeds = (moves?: readonly Float64Array[], step = 0) =>
    Object.fromEntries(
      inputs.map((value, i) => [
        value.name,
        Tensor.of(
          'float64',
          g.shape(value),
          points[i]!.map((x, j) => x + step * (moves?.[i]?.[j] ?? 0)),
        ),
      ]),
    );
  const gradients = evaluate(expandFunctions(model), feeds(), { precision: 'float64' });
  return (direction: number) => {
    const moves = inputs.map((value, i) => sampleNumbers(g.size(value), seed * 17 + direction * 101 + i));
    let [slope, size] = [0, 0];
    inputs.forEach(({ name }, i) => {
      gradients[gradientName(name)]!.toFloat64().forEach((gradient, j) => {
        slope += gradient * moves[i]![j]!;
        size += Math.abs(gradient * moves[i]![j]!);
      });
    });
    const lossAt = (step: number) =>
      evaluate(forward, feeds(moves, step), { precision: 'float64', outputs: ['loss'] })['loss']!.toFloat64()[0]!;
    return { slope, size, lossAt };
  };
}

test(`${GRAPHS} random graphs: gradients along random directions are those of differences`, () => {
  for (let seed = 1; seed <= GRAPHS; seed++) {
    const along = alongDirections(seed);
    let isChecked = false;
    for (let direction = 0; direction < DIRECTIONS && !isChecked; direction++) {
      const { slope, size, lossAt } = along(direction);
      const central = (h: number) => (lossAt(h) - lossAt(-h)) / (2 * h);
      const [wide, middle, narrow] = [central(H), central(H / 2), central(H / 4)];
      const [coarse, fine] = [(4 * middle - wide) / 3, (4 * narrow - middle) / 3];
      const allowed = TOLERANCE * Math.max(size, 1e-3);
      if (Math.abs(coarse - fine) > allowed / 4) continue;
      isChecked = true;
      if (Math.abs(slope - fine) > allowed) {
        throw new Error(`graph ${seed}, direction ${direction}: expected slope ${fine}, received ${slope}`);
      }
    }
    if (!isChecked) throw new Error(`graph ${seed}: expected a direction without a corner, received none`);
  }
  expect([...used].sort()).toEqual([...stepNames].sort());
});
