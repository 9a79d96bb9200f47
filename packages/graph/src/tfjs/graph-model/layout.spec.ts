import * as tf from '@tensorflow/tfjs-core';
import { executeInTfjs, GraphDefBuilder } from '../testing/graph-def.js';
import { maxAbsError, read, runEverywhere, type SavedModel } from '../testing/in-memory.js';

const window = { strides: [1, 1, 1, 1], dilations: [1, 1, 1, 1], padding: 'SAME', data_format: 'NHWC' };
const filter = (...dims: number[]) => tf.randomNormal(dims, 0, 0.3, 'float32', 5);

/** Number of Transpose nodes, after the values were compared with TF.js. Bound: float32 sums of 36 terms, twice. */
async function transposesOf(saved: SavedModel, x: tf.Tensor, output: string): Promise<number> {
  const model = read(saved);
  const [expected] = await executeInTfjs(saved, { x }, [output]);
  for (const results of Object.values(await runEverywhere(model, { x }))) {
    expect(maxAbsError(results[output]!, expected!)).toBeLessThan(1e-5);
  }
  return [...model.graph.nodes()].filter(({ op }) => op === 'Transpose').length;
}

describe('layout of graph models', () => {
  test('between convolutions nothing is transposed', async () => {
    const g = new GraphDefBuilder();
    const x = g.placeholder('x', 'DT_FLOAT', [-1, 6, 5, 4]);
    const first = g.node('Conv2D', [x, g.constant(filter(3, 3, 4, 4))], window);
    let y = g.node('AddV2', [first, g.constant(tf.randomNormal([4], 0, 1, 'float32', 6))]);
    y = g.node('Relu6', [y]);
    const gate = g.node('Sigmoid', [g.node('Mean', [y, g.ints([1, 2])], { keep_dims: true })]);
    y = g.node('Mul', [y, gate]);
    y = g.node('Mul', [g.constant(tf.scalar(0.5)), y]);
    y = g.node('AddV2', [y, x]);
    y = g.node('ConcatV2', [y, first, g.ints(3)], { N: 2 });
    const pads = tf.tensor2d(
      [
        [0, 0],
        [1, 0],
        [0, 2],
        [0, 0],
      ],
      [4, 2],
      'int32',
    );
    y = g.node('Pad', [y, g.constant(pads)]);
    y = g.node('StridedSlice', [y, g.ints([0, 1]), g.ints([0, 6]), g.ints([1, 1])], { begin_mask: 1, end_mask: 1 });
    y = g.node('ResizeBilinear', [y, g.ints([8, 8])], { half_pixel_centers: true });
    y = g.node('Conv2D', [y, g.constant(filter(1, 1, 8, 2))], window);
    // One in, one out.
    expect(await transposesOf(g.save([y]), tf.randomNormal([2, 6, 5, 4], 0, 1, 'float32', 1), y)).toBe(2);
  });

  test("a source's own transposes between the layouts vanish", async () => {
    const g = new GraphDefBuilder();
    let y = g.placeholder('x', 'DT_FLOAT', [1, 4, 6, 5]);
    for (let i = 0; i < 2; i++) {
      y = g.node('Transpose', [y, g.ints([0, 2, 3, 1])]);
      y = g.node('Conv2D', [y, g.constant(filter(3, 3, 4, 4))], window);
      y = g.node('Transpose', [y, g.ints([0, 3, 1, 2])]);
      y = g.node('LeakyRelu', [y], { alpha: { f: 0.1 } });
    }
    expect(await transposesOf(g.save([y]), tf.randomNormal([1, 4, 6, 5], 0, 1, 'float32', 1), y)).toBe(0);
  });

  test('a constant that broadcasts in both layouts has a form for each', async () => {
    const g = new GraphDefBuilder();
    const x = g.placeholder('x', 'DT_FLOAT', [2, 4, 4, 4]);
    const bias = g.constant(tf.randomNormal([4], 0, 1, 'float32', 6));
    const inner = g.node('Conv2D', [g.node('AddV2', [x, bias]), g.constant(filter(1, 1, 4, 4))], window);
    const y = g.node('AddV2', [inner, bias]);
    expect(await transposesOf(g.save([y]), tf.randomNormal([2, 4, 4, 4], 0, 1, 'float32', 1), y)).toBe(2);
  });

  test('operands of lower rank that are computed keep their axes', async () => {
    const g = new GraphDefBuilder();
    const x = g.placeholder('x', 'DT_FLOAT', [4, 4, 4, 4]);
    const image = g.node('Conv2D', [x, g.constant(filter(1, 1, 4, 4))], window);
    const row = g.node('Mean', [x, g.ints([0, 1])], { keep_dims: false });
    const y = g.node('Mul', [image, row]);
    await transposesOf(g.save([y]), tf.randomNormal([4, 4, 4, 4], 0, 1, 'float32', 1), y);
  });

  test('results have the names of their nodes, an input that is an output too gets another', async () => {
    const g = new GraphDefBuilder();
    const x = g.placeholder('x', 'DT_FLOAT', [1, 4, 4, 4]);
    const fused = { ...window, fused_ops: ['BiasAdd', 'Relu'], num_args: 1 };
    const y = g.node('_FusedConv2D', [x, g.constant(filter(1, 1, 4, 4)), g.constant(tf.ones([4]))], fused);
    const z = g.node('Neg', [y]);
    const { graph } = read(g.save([z, y]));
    expect(graph.outputs.map(({ name }) => name)).toEqual([z, y]);
    expect([...graph.nodes()].find(({ op }) => op === 'Conv')?.name).toBe(y);
    expect(read(g.save([y, x])).graph.outputs).toHaveLength(2);
  });
});
