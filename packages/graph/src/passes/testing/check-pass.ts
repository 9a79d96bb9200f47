import { evaluate } from '../../eval/evaluate.js';
import { checkGraph } from '../../ir/check.js';
import type { Model } from '../../ir/model.js';
import type { Tensor } from '../../ir/tensor.js';
import type { PipelineName } from '../registry.js';
import { runPasses, type RunPassesResult } from '../run-passes.js';
import { expectEqualBits, type Outputs } from './compare.js';
import { runOnce } from './ort-session.js';

type Feeds = Readonly<Record<string, Tensor>>;

/** Operator kinds of all scopes in order, e.g. `['Conv', 'Relu']`. */
export function kinds(model: Model): string[] {
  return [...model.scopes()].flatMap((graph) => [...graph.nodes()].map((node) => node.kind));
}

export function checkModel(model: Model): void {
  checkGraph(model.graph);
  for (const { body } of model.functions) checkGraph(body);
}

/** Runs passes with every invariant checked after each: the graphs, the contract, and that the input stays as it was. */
export function applyPasses(model: Model, passes: readonly string[] | PipelineName): RunPassesResult {
  const before = kinds(model);
  const contract = (other: Model) => contractOf(other, model);
  const result = runPasses(model, passes, {
    afterPass: (_, clone) => {
      checkModel(clone);
      expect(contract(clone)).toEqual(contract(model));
    },
  });
  checkModel(model);
  expect(kinds(model)).toEqual(before);
  return result;
}

/** Like `applyPasses`; outputs must stay bitwise equal by eval and by ONNX Runtime for each of `feeds` (two batch sizes). */
export async function checkExact(
  model: Model,
  passes: readonly string[],
  feeds: readonly Feeds[],
): Promise<RunPassesResult> {
  const result = applyPasses(model, passes);
  for (const fed of feeds) {
    expectEqualBits(evaluate(result.model, fed), evaluate(model, fed));
    expectEqualBits(await runOnce(result.model, fed), await runOnce(model, fed));
  }
  return result;
}

/** Every element within `bound` (same names) of the expected one. */
export function expectWithin(actual: Outputs, expected: Outputs, bound: Outputs): void {
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

/** Inputs that have data in `original` may go: which, is for the tests of the passes that take them. */
function contractOf({ graph }: Model, original: Model): unknown {
  const isInput = (name: string) => !original.graph.value(name)?.initializer;
  const spell = (value: { name: string; type: unknown }) => ({ name: value.name, type: value.type });
  return { inputs: graph.inputs.filter(({ name }) => isInput(name)).map(spell), outputs: graph.outputs.map(spell) };
}
