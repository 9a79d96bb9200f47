import { Tensor, type Value } from '@gossamer/graph';
import { evaluate } from '@gossamer/graph/eval';
import type { Emitter } from '../emit/emitter.js';
import { expandFunctions } from '../functions/expand-functions.js';
import { type CheckedInput, checkGradient, emptyEmitter, sampleNumbers } from './check-gradient.js';
import { lowered } from './lowered.js';

/**
 * Holds a lowering to its operator, of which `build` returns an output, on the reference evaluator in float64, and its gradients to central
 * differences. Constants of the lowered form are float32: results may differ by 1e-6 of the largest.
 */
export function checkLowering<Name extends string>(
  inputs: Readonly<Record<Name, CheckedInput>>,
  build: (g: Emitter, inputs: Readonly<Record<Name, Value>>) => Value,
): void {
  const instead = (g: Emitter, original: Value) => lowered(g, original)[original.producer!.outputs.indexOf(original)]!;
  const g = emptyEmitter();
  const names = Object.keys(inputs) as Name[];
  const values = Object.fromEntries(
    names.map((name) => [name, g.input(name, 'float32', inputs[name].shape)]),
  ) as Record<Name, Value>;
  const original = build(g, values);
  const made = instead(g, original);
  g.output(original, 'original');
  g.output(made, 'lowered');
  const feeds: Record<string, Tensor> = {};
  names.forEach((name, i) => {
    const { shape, data } = inputs[name];
    const count = shape.reduce((a, b) => a * b, 1);
    feeds[name] = Tensor.of('float64', shape, data ? Float64Array.from(data) : sampleNumbers(count, i + 1));
  });
  const results = evaluate(expandFunctions(g.model), feeds, { precision: 'float64' });
  const [want, got] = [results['original']!.toFloat64(), results['lowered']!.toFloat64()];
  const largest = want.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
  want.forEach((value, i) => {
    if (Math.abs(got[i]! - value) <= 1e-6 * largest) return;
    throw new Error(`lowered[${i}]: expected ${value}, received ${got[i]}`);
  });
  checkGradient(inputs, (emitter, at) => instead(emitter, build(emitter, at)));
}
