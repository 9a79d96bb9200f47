import { parseModel } from '../onnx/index.js';
import { inferTypes } from './infer-types.js';
import { declaredSymbols, TypeComparison, valuesByPath } from './testing/compare-types.js';
import { type InferredModel, nodeModels } from './testing/peer-models.js';
import { typeFromJson } from './testing/typed-json.js';

/** Where onnx says something else, or more, with the reason. */
const DIFFERENCES: Readonly<Record<string, readonly string[]>> = {
  'a branch that is never taken splits 4 sizes in 5: onnx gives the last one -1, here it is empty': [
    'contradicts: test_affine_grid_3d_align_corners_expanded H_then',
    'contradicts: test_affine_grid_3d_align_corners_expanded W_then',
    'contradicts: test_affine_grid_3d_expanded H_then',
    'contradicts: test_affine_grid_3d_expanded W_then',
  ],
  'the elements are vectors; onnx takes an empty sequence for one of scalars': ['less: test_loop13_seq seq_res'],
  'an optional sequence before the first step, a sequence after it': ['less: test_loop16_seq_none seq_res'],
  'onnx fails on its own test': ['onnx fails: test_mvn'],
};

function verdicts({ name, model: bytes, onnx }: InferredModel): string[] {
  const model = parseModel(bytes);
  const types = inferTypes(model, { strict: true });
  if (onnx.error !== undefined) return [`onnx fails: ${name}`];
  const comparison = new TypeComparison(declaredSymbols(model.graph.inputs));
  const values = valuesByPath(model);
  return Object.entries(onnx.types).map(([path, json]) => {
    const value = values.get(path);
    const standing = comparison.compare(value && types.typeOf(value), typeFromJson(json));
    return `${standing}: ${name} ${path.replace(/^.*_function_/, '')}`;
  });
}

test('all node tests of onnx 1.23.1, value by value as onnx infers them, but for what is listed', () => {
  const models = nodeModels();
  const found = models.flatMap(verdicts);
  const differences = found.filter((line) => !/^(equal|more): /.test(line));
  expect(differences.sort()).toEqual(Object.values(DIFFERENCES).flat().sort());
  const count = (prefix: string) => found.filter((line) => line.startsWith(prefix)).length;
  expect([models.length, count('equal: '), count('more: ')]).toEqual([1884, 12_751, 2070]);
});
