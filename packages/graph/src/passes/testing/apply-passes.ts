import { checkGraph } from '../../ir/check.js';
import type { Model } from '../../ir/model.js';
import { runPasses, type RunPassesResult } from '../run-passes.js';

/** Runs passes and checks every invariant of the result; the input must stay as it was. */
export function applyPasses(model: Model, ...names: string[]): RunPassesResult & { readonly changes: number } {
  const before = operators(model);
  const result = runPasses(model, names.length === 0 ? 'default' : names);
  checkModel(result.model);
  checkModel(model);
  expect(operators(model)).toEqual(before);
  expect(contract(result.model)).toEqual(contract(model));
  return { ...result, changes: result.applied.reduce((sum, { changes }) => sum + changes, 0) };
}

export function checkModel(model: Model): void {
  checkGraph(model.graph);
  for (const { body } of model.functions) checkGraph(body);
}

/** Operators of all scopes in order. */
export function operators(model: Model): string[] {
  return [...model.scopes()].flatMap((graph) => [...graph.nodes()].map((node) => node.kind));
}

function contract({ graph }: Model): unknown {
  const spell = (value: { name: string; type: unknown }) => ({ name: value.name, type: value.type });
  return { inputs: graph.inputs.map(spell), outputs: graph.outputs.map(spell) };
}
