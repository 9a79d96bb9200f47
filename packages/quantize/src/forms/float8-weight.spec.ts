import { GraphBuilder, type Model, Tensor } from '@gossamer/graph';
import { quantize } from '../quantize.js';
import { FLOAT8_LEVELS, float8Bits } from '../schemes/float8.js';
import { noise, noiseTensor } from '../testing/emit-static.js';
import { optimizedOps, runOrt, sqnr } from '../testing/ort.js';

function product(): Model {
  const g = new GraphBuilder('g');
  return g
    .output(g.op('MatMul', [g.input('x', 'float32', [5, 96]), g.weight('w', [96, 32], noise(3072))]), 'y')
    .model();
}

function convolution(): Model {
  const g = new GraphBuilder('g');
  const inputs = [g.input('x', 'float32', [1, 4, 9, 9]), g.weight('w', [8, 2, 5, 5], noise(400))];
  return g.output(g.op('Conv', inputs, { group: 2 }), 'y').model();
}

const makers: [string, () => Model, number[]][] = [
  ['MatMul', product, [5, 96]],
  ['Conv', convolution, [1, 4, 9, 9]],
];

describe.each(['float8e4m3fn', 'float8e5m2'] as const)('%s', (weights) => {
  it.each(makers)('%s: a FLOAT8 tensor that ONNX Runtime reads when it opens the model', async (op, make, dims) => {
    const { model, report } = await quantize(make(), { mode: 'weight-only', weights, edgeBits: 8, optimize: false });
    expect([model.opset, model.irVersion]).toEqual([19, 9]);
    const stored = [...model.graph.initializers()].filter(({ initializer }) => initializer!.dtype === weights);
    expect(stored).toHaveLength(1);
    expect(report.layers[0]!.reason).toContain('FLOAT8 tensor, floats when the model is open');
    const { ReorderInput: _, ReorderOutput: __, ...rest } = await optimizedOps(model);
    expect(rest).toEqual({ [op]: 1 });
    const feeds = { x: noiseTensor(dims, 4) };
    const [before, after] = [await runOrt(make(), feeds), await runOrt(model, feeds)];
    // 3 or 2 bits behind the point: relative errors up to 2^-4 or 2^-3, uniform within.
    const worst = weights === 'float8e4m3fn' ? 2 ** -4 : 2 ** -3;
    expect(sqnr(before['y']!, after['y']!)).toBeGreaterThan(-20 * Math.log10(worst));
  });

  it('has a byte for each level', () => {
    const bytes = Uint8Array.from(FLOAT8_LEVELS[weights], (level) => float8Bits(level, weights));
    expect(Tensor.of(weights, [bytes.length], bytes).toFloat32()).toEqual(FLOAT8_LEVELS[weights]);
  });
});
