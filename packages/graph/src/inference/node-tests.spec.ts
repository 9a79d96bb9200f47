import { type NodeTestCase, nodeTestCases } from '../testing/node-tests.js';
import { inferTypes } from './infer-types.js';
import { findRule } from './registry.js';
import { judge, symbolicInputs, typedCase } from './testing/node-test-types.js';

/** Operators whose output sizes depend on contents that are not followed: their results may stay incomplete even with known inputs. */
const DATA_DEPENDENT = new Set([
  'ImageDecoder',
  'Loop',
  'NonMaxSuppression',
  'SequenceMap',
  'StringNormalizer',
  'StringSplit',
  'Unique',
]);

const cases = nodeTestCases();

/** The operators of a case, subgraphs included. */
function kindsOf({ model }: ReturnType<typeof typedCase>): string[] {
  return [...model.graph.scopes()].flatMap((scope) => [...scope.nodes()].map((node) => node.kind));
}

function verdicts(test: NodeTestCase, mode: 'known' | 'open' | 'symbolic'): string[] {
  const typed = typedCase(test);
  const { inputs, sizes } = symbolicInputs(typed);
  const options = { known: { data: typed.data }, open: {}, symbolic: { inputs } }[mode];
  const types = inferTypes(typed.model, options);
  expect(types.warnings).toEqual([]);
  return typed.model.graph.outputs.flatMap((value) => {
    const truths = [typed.produced.get(value.name), typed.declared.get(value.name)].filter((truth) => truth);
    return truths.map((truth) => judge(types.typeOf(value), truth!, mode === 'symbolic' ? sizes : {}));
  });
}

test('every operator of the node tests has a rule', () => {
  const missing = new Set<string>();
  for (const test of cases) {
    const { model } = typedCase(test);
    for (const scope of model.graph.scopes()) {
      for (const node of scope.nodes()) {
        if (!model.function(node.domain, node.op) && !findRule(node)) missing.add(node.kind);
      }
    }
  }
  expect([...missing]).toEqual([]);
});

test.each(cases)('$name: with known inputs, the types the standard expects', (test) => {
  const found = verdicts(test, 'known');
  const excused = kindsOf(typedCase(test)).some((kind) => DATA_DEPENDENT.has(kind));
  for (const verdict of found) expect(['equal', ...(excused ? ['incomplete'] : [])]).toContain(verdict);
});

test('without their contents no case contradicts, and most are complete', () => {
  const found = cases.flatMap((test) => verdicts(test, 'open'));
  expect(found.filter((verdict) => verdict !== 'equal' && verdict !== 'incomplete')).toEqual([]);
  expect(found.filter((verdict) => verdict === 'equal').length).toBeGreaterThan(0.8 * found.length);
});

test('with a symbol for every size, binding the result gives the true types', () => {
  const found = cases.flatMap((test) => verdicts(test, 'symbolic'));
  expect(found.filter((verdict) => verdict !== 'equal' && verdict !== 'incomplete')).toEqual([]);
  expect(found.filter((verdict) => verdict === 'equal').length).toBeGreaterThan(0.75 * found.length);
});
