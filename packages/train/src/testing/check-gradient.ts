import { Graph, Model, Tensor, type Value } from '@gossamer/graph';
import { evaluate } from '@gossamer/graph/eval';
import { differentiate } from '../differentiate.js';
import { Emitter } from '../emit/emitter.js';
import { TRAIN_DOMAIN, TRAINING_OPSET } from '../emit/train-domain.js';
import { expandFunctions } from '../functions/expand-functions.js';

/** An input of a checked graph: its shape, and its contents (default: distinct numbers in [-1, 1], none near 0). */
export interface CheckedInput {
  readonly shape: readonly number[];
  readonly data?: readonly number[];
}

/** Seeded numbers in [-1, 1], at least 0.05 from 0. */
export function sampleNumbers(count: number, seed: number): Float64Array {
  let state = (seed * 2654435761 + 1) >>> 0;
  return Float64Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const x = (state / 2 ** 32) * 2 - 1;
    return x < 0 ? x * 0.95 - 0.05 : x * 0.95 + 0.05;
  });
}

export function emptyEmitter(): Emitter {
  const opsets = new Map([
    ['', TRAINING_OPSET],
    [TRAIN_DOMAIN, 1],
  ]);
  return new Emitter(new Model({ irVersion: 10, opsets, graph: new Graph('checked') }));
}

/**
 * Holds the gradients of a graph to central differences in float64 on the reference evaluator. `build` emits the graph from its float inputs and
 * returns a value of any shape; the loss is its sum, each element with a weight of its own. The error of a central difference with step h is
 * f''' h^2 / 6 + (rounding of f) / h: with h = 1e-5, functions of magnitude 1 to 100 and f''' up to 1000 it stays below 1e-7 of the largest gradient + 1e-8.
 */
export function checkGradient<Name extends string>(
  inputs: Readonly<Record<Name, CheckedInput>>,
  build: (g: Emitter, inputs: Readonly<Record<Name, Value>>) => Value,
): void {
  const g = emptyEmitter();
  const names = Object.keys(inputs) as Name[];
  const values = Object.fromEntries(
    names.map((name) => [name, g.input(name, 'float32', inputs[name].shape)]),
  ) as Record<Name, Value>;
  const result = build(g, values);
  const weights = g.tensor(Tensor.of('float32', g.shape(result), Float32Array.from(sampleNumbers(g.size(result), 99))));
  const loss = g.sum(
    g.mul(result, weights),
    g.shape(result).map((_, axis) => axis),
  );
  g.output(loss, 'loss');
  const { model, gradients } = differentiate(g.model, { loss: 'loss', wrt: names });
  const [forward, both] = [expandFunctions(g.model), expandFunctions(model)];
  const feeds: Record<string, Tensor> = {};
  const data = new Map<string, Float64Array>();
  names.forEach((name, i) => {
    const { shape, data: given } = inputs[name];
    const numbers = given
      ? Float64Array.from(given)
      : sampleNumbers(
          shape.reduce((a, b) => a * b, 1),
          i + 1,
        );
    data.set(name, numbers);
    feeds[name] = Tensor.of('float64', shape, numbers);
  });
  const analytic = evaluate(both, feeds, { precision: 'float64' });
  const lossAt = () => evaluate(forward, feeds, { precision: 'float64', outputs: ['loss'] })['loss']!.toFloat64()[0]!;
  const h = 1e-5;
  for (const name of names) {
    const got = analytic[gradients.get(name)!]!;
    expect(got.dims).toEqual(inputs[name].shape);
    const numbers = data.get(name)!;
    const expected = numbers.map((x, i) => {
      const at = (moved: number) => {
        numbers[i] = moved;
        feeds[name] = Tensor.of('float64', inputs[name].shape, Float64Array.from(numbers));
        return lossAt();
      };
      const slope = (at(x + h) - at(x - h)) / (2 * h);
      at(x);
      return slope;
    });
    const largest = expected.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
    const received = got.toFloat64();
    expected.forEach((want, i) => {
      if (Math.abs(received[i]! - want) <= 1e-7 * largest + 1e-8) return;
      throw new Error(`gradient of ${name}[${i}]: expected ${want}, received ${received[i]}`);
    });
  }
}
