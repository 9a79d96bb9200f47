import { attribute } from '../ir/attribute.js';
import { symbol } from '../ir/dim.js';
import { Graph } from '../ir/graph.js';
import { Model } from '../ir/model.js';
import { Tensor } from '../ir/tensor.js';
import { tensorType, type ValueType } from '../ir/value-type.js';
import { spellType } from './declared.js';
import { inferTypes } from './index.js';

const modelOf = (graph: Graph) => new Model({ irVersion: 10, opsets: new Map([['', 21]]), graph });
const LAST = 2 ** 53 - 1;

/** y = Relu(x) with x float32[n,3] and y declared. */
function relu(declared: ValueType): { types: ReturnType<typeof inferTypes>; found: string } {
  const graph = new Graph('g');
  const x = graph.addInput('x', tensorType('float32', [symbol('n'), 3]));
  const node = graph.add({ op: 'Relu', inputs: [x], outputs: ['y'] });
  graph.setType(node.outputs[0]!, declared);
  const types = inferTypes(modelOf(graph), { strict: true });
  return { types, found: spellType(types.typeOf(node.outputs[0]!)) };
}

test.each<[string, ValueType]>([
  ['another element type', tensorType('int64', [symbol('n'), 3])],
  ['another rank', tensorType('float32', [3])],
  ['another size', tensorType('float32', [symbol('n'), 4])],
  ['another kind', { kind: 'sequence', element: tensorType('float32') }],
])('a declared type with %s is a warning, also in strict mode: the computed one counts', (_, declared) => {
  const { types, found } = relu(declared);
  expect(found).toBe('float32[n,3]');
  expect(types.warnings).toEqual([expect.stringContaining('value y: declared')]);
});

test.each<[string, ValueType]>([
  ['a number for a name', tensorType('float32', [8, 3])],
  ['another name', tensorType('float32', [symbol('batch'), 3])],
  ['less', tensorType(undefined, undefined)],
  ['a type this version does not know', { kind: 'opaque' }],
])('a declared type that says %s is none', (_, declared) => {
  const { types, found } = relu(declared);
  expect([found, types.warnings]).toEqual(['float32[n,3]', []]);
});

test('an initializer that is not what the file declares of it: the tensor counts', () => {
  const graph = new Graph('g');
  const w = graph.addInput('w', tensorType('float32', [4]));
  graph.setInitializer(w, Tensor.fromNumbers('float32', [2], [1, 2]));
  graph.add({ op: 'Relu', inputs: [w], outputs: ['y'] });
  const message = 'value w: declared float32[4], computed float32[2]; the tensor';
  expect(inferTypes(modelOf(graph)).warnings).toEqual([expect.stringContaining(message)]);
  expect(() => inferTypes(modelOf(graph), { strict: true })).toThrow(
    expect.objectContaining({ code: 'ERR_SHAPE' }) as Error,
  );
});

/** A branch that names its value as the outer graph names another one. */
function branch(dtype: 'float32' | 'int64'): Graph {
  const graph = new Graph('branch');
  const value = graph.addInitializer('t', Tensor.fromNumbers(dtype, [2], [1, 2]));
  const node = graph.add({ op: 'Neg', inputs: [value], outputs: ['inner'] });
  graph.addOutput(node.outputs[0]!);
  return graph;
}

test('sibling branches that use one name for different things keep them apart', () => {
  const graph = new Graph('g');
  const condition = graph.addInput('c', tensorType('bool', []));
  const attributes = {
    then_branch: attribute.graph(branch('float32')),
    else_branch: attribute.graph(branch('int64')),
  };
  const node = graph.add({ op: 'If', inputs: [condition], outputs: ['y'], attributes });
  const types = inferTypes(modelOf(graph));
  const inner = node.subgraphs().map((body) => spellType(types.typeOf(body.value('inner')!)));
  expect([...inner, spellType(types.typeOf(node.outputs[0]!))]).toEqual(['float32[2]', 'int64[2]', '?[2]']);
  expect(types.warnings).toEqual([]);
});

/** Calls whose sizes reach 2^53: inputs as types or int64 constants. */
const LARGE: readonly [
  string,
  readonly (readonly number[] | { shape: number[] })[],
  Record<string, number | number[]>,
][] = [
  ['Concat', [{ shape: [LAST] }, { shape: [1] }], { axis: 0 }],
  ['Expand', [{ shape: [1] }, [LAST, LAST]], {}],
  ['Tile', [{ shape: [LAST] }, [2]], {}],
  ['Pad', [{ shape: [LAST] }, [1, 1]], {}],
  ['Flatten', [{ shape: [2, LAST, LAST] }], { axis: 2 }],
  ['Reshape', [{ shape: [LAST, 3] }, [-1]], {}],
  ['ConvTranspose', [{ shape: [1, 1, LAST] }, { shape: [1, 1, 3] }], { strides: [2] }],
  ['SpaceToDepth', [{ shape: [1, LAST, 4, 4] }], { blocksize: 2 }],
  ['DepthToSpace', [{ shape: [1, 4, LAST, 4] }], { blocksize: 2 }],
  ['Resize', [{ shape: [LAST] }, [], [], [LAST]], {}],
  ['ConstantOfShape', [[LAST, LAST, LAST]], {}],
  ['Range', [[0], [LAST], [1]], {}],
  ['Size', [{ shape: [LAST, 2] }], {}],
];

test.each(LARGE)('%s with sizes at 2^53 ends in a type or a coded error', (op, operands, given) => {
  const graph = new Graph('g');
  const inputs = operands.map((operand, index) => {
    if ('shape' in operand) return graph.addInput(`x${index}`, tensorType('float32', operand.shape));
    return graph.addInitializer(`c${index}`, Tensor.fromNumbers('int64', [operand.length], operand));
  });
  const attributes = Object.fromEntries(
    Object.entries(given).map(([name, value]) => [
      name,
      typeof value === 'number' ? attribute.int(value) : attribute.ints(value),
    ]),
  );
  const [y] = graph.add({ op, inputs, outputs: ['y'], attributes }).outputs;
  const types = inferTypes(modelOf(graph));
  const shape = types.shapeOf(y!);
  if (types.warnings.length > 0) {
    expect(shape).toBeUndefined();
    expect(() => inferTypes(modelOf(graph), { strict: true })).toThrow(
      expect.objectContaining({ code: 'ERR_SHAPE' }) as Error,
    );
  }
  for (const size of shape ?? []) if (typeof size === 'number') expect(Number.isSafeInteger(size)).toBe(true);
});
