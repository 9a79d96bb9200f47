import { evaluate } from '../../eval/evaluate.js';
import { checkGraph } from '../../ir/check.js';
import type { Model } from '../../ir/model.js';
import type { Tensor } from '../../ir/tensor.js';
import { runPasses, type RunPassesResult } from '../run-passes.js';
import { runInOrt } from './ort.js';

type Feeds = Readonly<Record<string, Tensor>>;

/** Operator kinds of all scopes in order, e.g. `['Conv', 'Relu']`. */
export function kinds(model: Model): string[] {
  return [...model.scopes()].flatMap((graph) => [...graph.nodes()].map((node) => node.kind));
}

/**
 * Runs passes, checks every graph, and that outputs stay bitwise equal by eval and by ONNX Runtime for each of `feeds` (two batch sizes).
 */
export async function checkExact(
  model: Model,
  passes: readonly string[],
  feeds: readonly Feeds[],
): Promise<RunPassesResult> {
  const before = kinds(model);
  const result = runPasses(model, passes, {
    afterPass: (_, clone) => [clone.graph, ...clone.functions.map((f) => f.body)].forEach(checkGraph),
  });
  // The input never changes.
  expect(kinds(model)).toEqual(before);
  expect(result.model.graph.outputs.map(String)).toEqual(model.graph.outputs.map(String));
  expect(result.model.graph.inputs.map(String)).toEqual(model.graph.inputs.map(String));
  for (const fed of feeds) {
    expectBitwise(evaluate(result.model, fed), evaluate(model, fed));
    expectBitwise(await runInOrt(result.model, fed), await runInOrt(model, fed));
  }
  return result;
}

/** Same names, dtypes, dims and bytes. */
export function expectBitwise(actual: Feeds, expected: Feeds): void {
  const spell = (values: Feeds) =>
    Object.fromEntries(
      Object.entries(values).map(([name, t]) => [name, `${t.dtype}[${t.dims.join(',')}] ${t.hash()}`]),
    );
  expect(spell(actual)).toEqual(spell(expected));
}

/** Every element within `bound` (same names) of the expected one. */
export function expectWithin(actual: Feeds, expected: Feeds, bound: Feeds): void {
  expect(Object.keys(actual)).toEqual(Object.keys(expected));
  for (const [name, tensor] of Object.entries(expected)) {
    const [got, want, most] = [actual[name]!.toFloat64(), tensor.toFloat64(), bound[name]!.toFloat64()];
    expect(actual[name]!.dims).toEqual(tensor.dims);
    want.forEach((value, i) => {
      if (!(Math.abs(got[i]! - value) <= most[i]!)) {
        throw new Error(`${name}[${i}]: expected ${value} within ${most[i]}, received ${got[i]}`);
      }
    });
  }
}
