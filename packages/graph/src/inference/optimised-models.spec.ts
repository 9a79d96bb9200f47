import { parseModel } from '../onnx/index.js';
import { spellType } from './declared.js';
import { inferTypes } from './infer-types.js';
import { optimisedModels } from './testing/peer-models.js';
import { typeFromJson } from './testing/typed-json.js';

const models = optimisedModels();

test.each(models)(
  '$name, optimised: every value is what ONNX Runtime makes of it',
  ({ model: bytes, sizes, types }) => {
    const model = parseModel(bytes);
    const inferred = inferTypes(model, { bind: sizes, strict: true });
    expect(inferred.warnings).toEqual([]);
    const found = Object.keys(types).map((name) => `${name}: ${spellType(inferred.typeOf(model.graph.value(name)!))}`);
    expect(found).toEqual(Object.entries(types).map(([name, json]) => `${name}: ${spellType(typeFromJson(json))}`));
  },
);

test('they are 2,660 values of graphs with 14 operators of com.microsoft', () => {
  const kinds = new Set<string>();
  for (const { model } of models) {
    for (const node of parseModel(model).graph.nodes()) if (node.domain === 'com.microsoft') kinds.add(node.op);
  }
  expect(models.reduce((sum, { types }) => sum + Object.keys(types).length, 0)).toBe(2660);
  expect([...kinds].sort()).toHaveLength(14);
});
