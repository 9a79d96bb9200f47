import { attribute, type Graph, GraphBuilder, type Model, type Value } from '@gossamer/graph';
import { parseModel, serializeModel } from '@gossamer/graph/onnx';
import { toTrainingForm } from './to-training-form.js';
import type { TrainingFormOptions } from './training-form.js';

const weight = () => Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9);

/** x [n, 3], then a layer, then what `body` makes of it. */
function net(body: (g: GraphBuilder, h: Value) => Value, dims: readonly (number | string)[] = ['n', 3]): Model {
  const g = new GraphBuilder('net');
  const h = g.op(
    'MatMul',
    [g.input('x', 'float32', [...dims]), g.weight('w', [3, 3], weight())],
    {},
    { name: 'layer' },
  );
  return g.output(body(g, h), 'y').model();
}

function branch(value: number): Graph {
  const g = new GraphBuilder('branch');
  return g.output(g.op('Identity', [g.constant(value, 'float32')]), `branch_${value}`, 'float32', []).graph;
}

/** s, e -> s + e twice, as Scan's body. */
function sums(): Graph {
  const g = new GraphBuilder('sums');
  const next = g.op('Add', [g.input('s', 'float32', [3]), g.input('e', 'float32', [3])]);
  return g.output(next, 'next', 'float32').output(g.op('Identity', [next]), 'shown', 'float32').graph;
}

/** i, going, v -> going, v + v, as Loop's body. */
function doubling(): Graph {
  const g = new GraphBuilder('doubling');
  g.input('i', 'int64', []);
  const going = g.op('Identity', [g.input('going', 'bool', [])]);
  const v = g.input('v', 'float32', ['n', 3]);
  return g.output(going, 'still', 'bool').output(g.op('Add', [v, v]), 'v_next', 'float32').graph;
}

const code = 'ERR_TRAINING_FORM';
const refusal = (make: () => unknown): { code?: string; message: string } => {
  try {
    make();
  } catch (error) {
    return error as { code?: string; message: string };
  }
  return { message: 'nothing was refused' };
};

describe('toTrainingForm refuses', () => {
  const models: [string, () => Model, readonly string[]][] = [
    [
      'a quantized activation',
      () =>
        net((g, h) => {
          const scale = g.constant(0.1, 'float32');
          const q = g.op('QuantizeLinear', [h, scale, g.constant(0, 'int8')], {}, { name: 'quantize' });
          return g.op('DequantizeLinear', [q, scale, g.constant(0, 'int8')], {}, { name: 'dequantize' });
        }),
      ['QuantizeLinear', 'quantize'],
    ],
    [
      'random numbers like a value',
      () => net((g, h) => g.op('Add', [h, g.op('RandomNormalLike', [h], {}, { name: 'noise' })])),
      ['RandomNormalLike', 'noise'],
    ],
    [
      'Bernoulli',
      () => net((g, h) => g.op('Bernoulli', [g.op('Sigmoid', [h])], {}, { name: 'coin' })),
      ['Bernoulli', 'coin'],
    ],
    [
      'If',
      () =>
        net((g, h) => {
          const branches = { then_branch: attribute.graph(branch(1)), else_branch: attribute.graph(branch(2)) };
          return g.op('Mul', [h, g.op('If', [g.input('flag', 'bool', [])], branches, { name: 'choice' })]);
        }),
      ['If', 'choice'],
    ],
    [
      'weights that lie in the bodies of an If alone',
      () => {
        const g = new GraphBuilder('outside');
        const branches = { then_branch: attribute.graph(branch(1)), else_branch: attribute.graph(branch(2)) };
        const y = g.op('If', [g.input('flag', 'bool', [])], branches, { name: 'choice' });
        return g.output(g.op('Mul', [g.input('x', 'float32', ['n', 3]), y]), 'y').model();
      },
      ['none outside of If choice'],
    ],
    [
      'Loop',
      () =>
        net((g, h) => {
          const [count, flag] = [g.input('count', 'int64', []), g.input('flag', 'bool', [])];
          return g.op('Loop', [count, flag, h], { body: attribute.graph(doubling()) }, { name: 'again' });
        }),
      ['Loop', 'again'],
    ],
    [
      'Scan',
      () =>
        net((g, h) => {
          const start = g.constant([0, 0, 0], 'float32');
          const attributes = { body: attribute.graph(sums()), num_scan_inputs: 1 };
          return g.ops('Scan', [start, h], attributes, { name: 'sum', outputs: 2 })[1]!;
        }),
      ['Scan', 'sum'],
    ],
    [
      'sequences',
      () =>
        net((g, h) => {
          const pair = g.op('SequenceConstruct', [h, h], {}, { name: 'pair' });
          return g.op('ConcatFromSequence', [pair], { axis: 0 }, { name: 'join' });
        }),
      ['pair_out', 'sequence'],
    ],
  ];
  test.each(models)('%s, naming the node', (_, make, named) => {
    const model = parseModel(serializeModel(make()));
    const error = refusal(() => toTrainingForm(model, { batch: 2 }));
    expect(`${error.code} ${error.message}`).toContain(code);
    for (const name of named) expect(error.message).toContain(name);
  });

  const shapes: [string, readonly (number | string)[], TrainingFormOptions][] = [
    ['an open dimension beside the batch', ['n', 'm', 3], { batch: 2 }],
    ['an open batch', ['n', 3], {}],
    ['a batch that is fixed and another', [4, 3], { batch: 2 }],
  ];
  test.each(shapes)('%s, naming the input', (_, dims, options) => {
    const error = refusal(() =>
      toTrainingForm(
        net((_g, h) => h, dims),
        options,
      ),
    );
    expect(error).toMatchObject({ code });
    expect(error.message).toContain('input x');
  });

  test('takes the sizes that are given, and a fixed batch that is the same', () => {
    expect(
      toTrainingForm(
        net((_, h) => h, ['n', 'm', 3]),
        { batch: 2, bind: { m: 5 } },
      ).parameters,
    ).toHaveLength(1);
    expect(
      toTrainingForm(
        net((_, h) => h, [4, 3]),
        { batch: 4 },
      ).parameters,
    ).toHaveLength(1);
  });
});
