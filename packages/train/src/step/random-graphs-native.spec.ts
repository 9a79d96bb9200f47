import { Tensor } from '@gossamer/graph';
import { evaluate } from '@gossamer/graph/eval';
import { differentiate } from '../differentiate.js';
import { expandFunctions } from '../functions/expand-functions.js';
import { emptyEmitter, sampleNumbers } from '../testing/check-gradient.js';
import { dice, randomGraph } from '../testing/random-graph.js';
import { openTrainingSession } from './training-session.js';

const GRAPHS = 60;

/**
 * Of the largest gradient of the graph (an array whose terms cancel has the errors of its terms): some 20 operators one behind the other, each within
 * a few 1e-7 of its result.
 */
const TOLERANCE = 1e-5;

/** Gradients of graph `seed` from kernels of the native engine, and from the bodies of its functions on the reference evaluator. */
async function gradientsOf(seed: number) {
  const g = emptyEmitter();
  const roll = dice(seed);
  const used = new Set<string>();
  const result = randomGraph(g, roll, 3 + roll(5), used);
  const weights = g.tensor(Tensor.of('float32', g.shape(result), Float32Array.from(sampleNumbers(g.size(result), 99))));
  g.output(
    g.sum(
      g.mul(result, weights),
      g.shape(result).map((_, axis) => axis),
    ),
    'loss',
  );
  // A training form has none: it is lowered there.
  if (used.has('einsum')) return undefined;
  const inputs = [...g.graph.inputs];
  const { model } = differentiate(g.model, { loss: 'loss', wrt: inputs.map(({ name }) => name) });
  const feeds = Object.fromEntries(
    inputs.map((value, i) => [
      value.name,
      Tensor.of('float32', g.shape(value), Float32Array.from(sampleNumbers(g.size(value), seed * 31 + i))),
    ]),
  );
  const session = await openTrainingSession(model, { engine: 'native', threads: 1 });
  const got = await session.run(feeds);
  await session.dispose();
  return { want: evaluate(expandFunctions(model), feeds), got };
}

test(`${GRAPHS} random graphs: gradients of the native engine are those of the reference`, async () => {
  let checked = 0;
  for (let seed = 1; seed <= GRAPHS; seed++) {
    const gradients = await gradientsOf(seed);
    if (!gradients) continue;
    checked++;
    const arrays = Object.entries(gradients.want).map(([name, tensor]) => [name, tensor.toFloat32()] as const);
    const largest = arrays.reduce((most, [, array]) => array.reduce((a, x) => Math.max(a, Math.abs(x)), most), 0);
    for (const [name, want] of arrays) {
      const got = gradients.got[name]!.toFloat32();
      want.forEach((x, i) => {
        if (Math.abs(got[i]! - x) <= TOLERANCE * largest) return;
        throw new Error(`graph ${seed}, ${name}[${i}]: expected ${x}, received ${got[i]}`);
      });
    }
  }
  expect(checked).toBeGreaterThan(GRAPHS / 2);
});
