import { GraphBuilder, type Model, Tensor } from '@gossamer/graph';
import { dataFromArrays } from '../data/array-source.js';
import { calibrate } from './calibrate.js';

/** x -> Relu or Softmax ...: maps whose range is their maximum, and a model output that hides what is not finite in them. */
function hidden(op: string, shape: readonly (number | string)[]): Model {
  const g = new GraphBuilder('maps', { opset: 17 });
  const x = g.input('x', 'float32', shape);
  const mapped = g.op(op, [x], {}, { name: 'mapped' });
  const isAbove = g.op('Greater', [mapped, g.constant(0, 'float32')]);
  return g.output(g.op('Cast', [isAbove], { to: 1 }), 'y', 'float32', shape).model();
}

const mapped = (model: Model) => [...model.graph.nodes()][0]!.output.name;

async function range(model: Model, x: Tensor) {
  const { statistics } = await calibrate(model, [mapped(model)], dataFromArrays({ x }));
  const { min, max, nanCount, infCount } = statistics.get(mapped(model))!;
  return { min, max, nanCount, infCount };
}

const maps = (dims: readonly number[], values: readonly number[]) =>
  Tensor.of('float32', dims, Float32Array.from(values));

describe('values of rank 4 that never go below 0', () => {
  it.each([
    ['maps', [1, 2, 2, 2], [-1, 2, 3, -4, 5, -6, 7, 0.5], { min: 0, max: 7 }],
    ['zeros', [1, 2, 1, 2], [-1, -2, -3, -4], { min: 0, max: 0 }],
    ['single pixels', [1, 3, 1, 1], [3, 1, 2], { min: 0, max: 3 }],
    ['several samples a run', [1, 1, 2, 2], [1, 2, 3, 9], { min: 0, max: 9 }],
    ['infinities', [1, 2, 1, 2], [1, Infinity, 2, 3], { min: 1, max: 3, infCount: 1 }],
  ] as const)('have the range of their %s', async (_, dims, values, expected) => {
    const model = hidden('Relu', ['n', 'c', 'h', 'w']);
    expect(await range(model, maps(dims, values))).toMatchObject(expected);
  });

  it.each([
    [1, 2, 0, 3],
    [1, 2, 3, 0],
    [1, 0, 3, 3],
  ])('are none when their maps are empty: [%i, %i, %i, %i]', async (...dims) => {
    const found = await range(hidden('Relu', ['n', 'c', 'h', 'w']), maps(dims, []));
    expect(found).toMatchObject({ min: Infinity, max: -Infinity });
  });

  it('count the NaN of an input', async () => {
    const found = await range(hidden('Relu', ['n', 'c', 'h', 'w']), maps([1, 2, 1, 2], [NaN, 1, 2, NaN]));
    expect(found).toMatchObject({ max: 2, nanCount: 2 });
  });

  it('never have NaN that the model makes and hides as a limit, unseen as it may stay', async () => {
    const model = hidden('Sqrt', ['n', 'c', 'h', 'w']);
    expect(await range(model, maps([1, 2, 1, 2], [-1, -4, -9, -16]))).toEqual({
      ...{ min: Infinity, max: -Infinity },
      ...{ nanCount: 4, infCount: 0 },
    });
    const { min, max } = await range(model, maps([1, 2, 1, 2], [-1, -4, 9, 4]));
    expect([[0, 2].includes(min), max]).toEqual([true, 3]);
  });

  it('may be attention, whose rows sum to 1', async () => {
    const model = hidden('Softmax', ['n', 'h', 't', 't']);
    const { min, max } = await range(model, maps([1, 1, 2, 2], [0, 0, 0, Math.log(3)]));
    expect([min, max]).toEqual([0, 0.75]);
  });
});
