import { inferTypes, type Model, tensorType } from '@gossamer/graph';
import { type Feeds, float32View, Session } from '@gossamer/runtime';
import { sessionOptions } from '../session-options.js';
import { isComputed, type LayerOutput } from './layer-outputs.js';

/** Noise over signal of a layer's result, as a power ratio. */
export interface LayerNoise {
  /** Of what is quantized between the float model's values around it: its weights, its output's codes. */
  readonly alone: number;
  /** Of all that is quantized up to it. */
  readonly cumulated: number;
}

type Run = Parameters<typeof sessionOptions>[0];

/**
 * Compares the results of layers under their names. Alone: the quantized model is cut at every float value that both models have, and each piece is fed what the
 * float model computes. ONNX Runtime fuses less there, as these values are outputs: rounding is that of the QuantizeLinear nodes. Memory: one sample's activations.
 */
export async function compareLayers(
  float: Model,
  quantized: Model,
  outputs: readonly LayerOutput[],
  feeds: readonly Feeds[],
  run: Run,
): Promise<Map<string, LayerNoise>> {
  const inner = new Set(outputs.flatMap((output) => output.inner));
  const cuts = sharedValues(float, quantized).filter((name) => !inner.has(name));
  const seen = outputs.map(({ name }) => name);
  const options = sessionOptions(run);
  const whole = await Session.open(expose(float, [...new Set([...cuts, ...seen])]), options);
  const chained = await Session.open(expose(quantized, seen), options);
  const pieces = await Session.open(cutAt(quantized, cuts, seen), options);
  const sums = new Map(seen.map((name) => [name, { signal: 0, alone: 0, cumulated: 0 }]));
  try {
    for (const feed of feeds) {
      run.signal?.throwIfAborted();
      const reference = await whole.run(feed);
      const all = await chained.run(feed, { outputs: seen });
      const given = Object.fromEntries(cuts.map((name) => [floatName(name), reference[name]!]));
      const known = Object.fromEntries(pieces.inputs.map(({ name }) => [name, given[name] ?? feed[name]!]));
      const parts = await pieces.run(known, { outputs: seen });
      for (const [name, sum] of sums) {
        const expected = float32View(reference[name]!);
        sum.signal += power(expected);
        sum.alone += power(expected, float32View(parts[name]!));
        sum.cumulated += power(expected, float32View(all[name]!));
      }
    }
  } finally {
    for (const session of [whole, chained, pieces]) await session.dispose();
  }
  const ratio = (noise: number, signal: number) => (signal > 0 ? noise / signal : noise > 0 ? Infinity : 0);
  return new Map(
    Array.from(sums, ([name, { signal, alone, cumulated }]) => [
      name,
      { alone: ratio(alone, signal), cumulated: ratio(cumulated, signal) },
    ]),
  );
}

/** Sum of squares of an array, or of its difference to another. */
function power(values: Float32Array, other?: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (values[i]! - (other?.[i] ?? 0)) ** 2;
  return sum;
}

/** Float values of the main graph that both models compute. */
function sharedValues(float: Model, quantized: Model): string[] {
  const types = inferTypes(float);
  return [...float.graph.values()]
    .filter((value) => value.producer !== undefined && !value.constant && types.dtypeOf(value) === 'float32')
    .map(({ name }) => name)
    .filter((name) => isComputed(quantized, name) && !quantized.graph.value(name)!.constant);
}

function expose(model: Model, names: readonly string[]): Model {
  const copy = model.clone();
  for (const name of names) {
    const value = copy.graph.value(name)!;
    if (!value.isOutput) copy.graph.addOutput(value);
  }
  return copy;
}

const floatName = (name: string): string => `${name}_of_float`;

/** A copy whose nodes read inputs instead of the values named. */
function cutAt(model: Model, cuts: readonly string[], seen: readonly string[]): Model {
  const copy = expose(model, seen);
  for (const name of cuts) {
    const value = copy.graph.value(name)!;
    const input = copy.graph.addInput(floatName(name), tensorType('float32'));
    for (const { node, index } of [...value.uses]) node.graph.setInput(node, index, input);
  }
  return copy;
}
