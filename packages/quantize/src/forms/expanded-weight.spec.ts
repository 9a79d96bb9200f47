import { fromWeightMatrix, GraphBuilder, type Model, Tensor, toWeightMatrix, weightViews } from '@gossamer/graph';
import { Session } from '@gossamer/runtime';
import { dequantizeMatrix, roundToGrid } from '../grid/quantized-matrix.js';
import { findScheme } from '../schemes/registry.js';
import type { SchemeLayout } from '../schemes/scheme.js';
import { optimizedOps } from '../testing/ort.js';
import { rewriteExpanded } from './expanded-weight.js';

const wave = (dims: readonly number[], phase: number) =>
  Tensor.of(
    'float32',
    dims,
    Float32Array.from(
      { length: dims.reduce((a, b) => a * b, 1) },
      (_, i) => Math.sin(i * 1.31 + phase) * (1 + (i % 3)),
    ),
  );

interface Case {
  readonly op: string;
  readonly input: readonly number[];
  readonly weight: readonly number[];
  readonly attributes?: Record<string, number>;
}

const CASES: readonly Case[] = [
  { op: 'MatMul', input: [2, 20], weight: [20, 6] },
  { op: 'Gemm', input: [2, 20], weight: [6, 20], attributes: { transB: 1 } },
  { op: 'Conv', input: [1, 4, 6, 6], weight: [5, 4, 3, 3] },
  { op: 'Conv', input: [1, 4, 6, 6], weight: [6, 2, 3, 3], attributes: { group: 2 } },
  { op: 'ConvTranspose', input: [1, 4, 3, 3], weight: [4, 3, 2, 2], attributes: { group: 2 } },
];

function build({ op, input, weight, attributes = {} }: Case): Model {
  const g = new GraphBuilder('layer', { opset: 17 });
  const x = g.input('x', 'float32', input);
  const w = g.weight('w', weight, wave(weight, 0.4).toFloat32());
  return g.output(g.op(op, [x, w], attributes), 'y').model();
}

function lookUp(): Model {
  const g = new GraphBuilder('table', { opset: 17 });
  const table = g.weight('w', [9, 20], wave([9, 20], 0.4).toFloat32());
  return g.output(g.op('Gather', [table, g.constant([3, 8], 'int64')]), 'y').model();
}

function lstm(): Model {
  const g = new GraphBuilder('recurrent', { opset: 17 });
  const x = g.input('x', 'float32', [3, 1, 6]);
  const [w, r] = [
    g.weight('w', [1, 16, 6], wave([96], 0.4).toFloat32()),
    g.weight('r', [1, 16, 4], wave([64], 1).toFloat32()),
  ];
  return g.output(g.op('LSTM', [x, w, r], { hidden_size: 4 }), 'y').model();
}

/** The model with codes, the one with the values that they stand for, and what the codes take. */
function quantized(make: () => Model, name: string, granularity: SchemeLayout['granularity']) {
  const [codes, floats] = [make(), make()];
  const expected = weightViews(floats);
  let [bytes, elements] = [0, 0];
  weightViews(codes).forEach((view, i) => {
    const { groups, rows, columns, isTransposed, data } = toWeightMatrix(view);
    const matrices = Array.from({ length: groups }, (_, group) => {
      const part = data.subarray(group * rows * columns, (group + 1) * rows * columns);
      const grid = findScheme(name).fit(part, { rows, columns, granularity, clip: false, seed: 0 });
      return roundToGrid(part, grid);
    });
    const values = new Float32Array(data.length);
    matrices.forEach((matrix, group) => values.set(dequantizeMatrix(matrix), group * rows * columns));
    expected[i]!.write(fromWeightMatrix(expected[i]!, values));
    bytes += rewriteExpanded(view, { groups, rows, columns, taps: 1, isTransposed }, matrices);
    elements += data.length;
  });
  return { codes, floats, bytes, elements };
}

async function outputOf(model: Model): Promise<Float32Array> {
  const session = await Session.open(model, { engine: 'ort' });
  const feeds = Object.fromEntries(session.inputs.map(({ name, shape }) => [name, wave(shape!.map(Number), 2)]));
  const { y } = await session.run(feeds);
  await session.dispose();
  return y!.toFloat32();
}

const makers: [string, () => Model][] = [
  ...CASES.map((each): [string, () => Model] => [
    `${each.op} ${JSON.stringify(each.attributes ?? {})}`,
    () => build(each),
  ]),
  ['Gather', lookUp],
  ['LSTM', lstm],
];
const layers = makers.flatMap(([title, make]) =>
  (['int3', 'uint5', 'nf4', 'codebook3', 'int16', 'pot4'] as const).map((name) => [title, name, make] as const),
);

describe('weights as codes that are expanded when the model is opened', () => {
  it.each(layers)('%s, %s: ONNX Runtime computes with exactly the values of the codes', async (_, name, make) => {
    for (const granularity of ['tensor', 'row', 8] as const) {
      const { codes, floats } = quantized(make, name, granularity);
      expect(await outputOf(codes)).toEqual(await outputOf(floats));
    }
  });

  it('takes just so many bits a weight, and scales', () => {
    const large: Case = { op: 'MatMul', input: [1, 512], weight: [512, 64] };
    const { bytes, elements } = quantized(() => build(large), 'int3', 32);
    const parameters = (4 * elements) / 32;
    expect(bytes - (3 * elements) / 8 - parameters).toBeLessThan(200);
  });

  it('leaves no work for a run', async () => {
    const { codes } = quantized(() => build(CASES[2]!), 'int3', 'row');
    // Its layout, which ONNX Runtime blocks on some processors, and nothing else.
    const { ReorderInput: _, ReorderOutput: __, ...rest } = await optimizedOps(codes);
    expect(rest).toEqual({ Conv: 1 });
  });
});
