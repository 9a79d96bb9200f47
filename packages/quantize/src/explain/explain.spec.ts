import { GraphBuilder, type Model, Tensor } from '@gossamer/graph';
import { dataFromArrays } from '@gossamer/runtime';
import { quantize } from '../quantize.js';
import { noise } from '../testing/emit-static.js';
import { explain } from './explain.js';
import { spreadOf } from './value-spread.js';

const WIDTH = 32;

/** Three Gemm: the first makes a channel 500 times as large as the others, the last one ends in dead channels. */
function threeLayers(): Model {
  const g = new GraphBuilder('g');
  const x = g.input('x', 'float32', ['n', WIDTH]);
  const wide = noise(WIDTH * WIDTH, 2).map((v, i) => (i < WIDTH ? v * 500 : v));
  const a = g.op('Gemm', [x, g.weight('a', [WIDTH, WIDTH], wide)], { transB: 1 }, { name: 'first' });
  // Reads nothing of the large channel.
  const blind = noise(WIDTH * WIDTH, 3).map((v, i) => (i % WIDTH === 0 ? 0 : v));
  const b = g.op('Gemm', [a, g.weight('b', [WIDTH, WIDTH], blind)], { transB: 1 }, { name: 'second' });
  const bias = new Float32Array(WIDTH);
  bias.fill(-1e6, 0, 3);
  const last = [
    g.op('Tanh', [b]),
    g.weight('c', [WIDTH, WIDTH], noise(WIDTH * WIDTH, 4)),
    g.weight('d', [WIDTH], bias),
  ];
  const c = g.op('Gemm', last, { transB: 1 }, { name: 'third' });
  return g.output(g.op('Relu', [c]), 'y').model();
}

const arrays = { x: Tensor.of('float32', [24, WIDTH], noise(24 * WIDTH, 5)) };

describe('explain', () => {
  const data = () => dataFromArrays(arrays);

  it('names the outlier channel, what it wastes and what helps', async () => {
    const model = threeLayers();
    const { model: quantized, report } = await quantize(model, { mode: 'static', data: data(), costModel: false });
    const { layers } = await explain(model, quantized, data(), { report });
    expect(layers.map(({ name }) => name)).toEqual(['first', 'second', 'third']);
    const [first, second, third] = layers;
    expect(first!.weights!.channelRatio).toBeGreaterThan(300);
    expect(second!.input!.channelRatio).toBeGreaterThan(100);
    expect(second!.causes[0]).toMatch(
      /^one input channel is \d+ times the median: per-tensor activations waste [678] bits$/,
    );
    expect(first!.sqnrAlone).toBeLessThan(60);
    // What the first layer's codes lost is not the second's own fault, and goes on to it.
    expect(second!.sqnrAlone).toBeGreaterThan(second!.sqnrCumulated!);
    expect(second!.sqnrCumulated).toBeLessThan(10);
    expect(third!.deadChannels).toBe(3);
    expect(third!.causes).toContain('3 of its output channels are 0 on all data');
    expect(first!.clipped).toBe(0);
  });

  it('sees what CPUs without VNNI would cut off, and that 7 bits cure it', async () => {
    const g = new GraphBuilder('g');
    const x = g.input('x', 'float32', ['n', WIDTH]);
    const flat = noise(WIDTH * WIDTH, 6).map((v) => 0.9 + 0.1 * v);
    const model = g
      .output(g.op('Gemm', [x, g.weight('a', [WIDTH, WIDTH], flat)], { transB: 1 }, { name: 'flat' }), 'y')
      .model();
    const positive = dataFromArrays({
      x: Tensor.of(
        'float32',
        [8, WIDTH],
        noise(8 * WIDTH, 7).map((v) => 1 + 0.1 * v),
      ),
    });
    const riskOf = async (reduceRange: boolean | 'auto') => {
      const how = { mode: 'static', data: positive, costModel: false, reduceRange } as const;
      const made = await quantize(model, how);
      const { layers } = await explain(model, made.model, positive, made);
      return layers[0]!;
    };
    const full = await riskOf(false);
    expect(full.saturation!.pairsAtRisk).toBe(full.saturation!.pairs);
    expect(full.saturation!.saturated).toBe(1);
    expect(full.saturation!.sqnrDb).toBeLessThan(20);
    expect(full.cure).toMatch(/without VNNI: reduceRange 'auto'/);
    const reduced = await riskOf('auto');
    expect(reduced.saturation).toMatchObject({ pairsAtRisk: 0, saturated: 0, sqnrDb: Infinity });
    expect(reduced.cure).toMatch(/^taken: .*7 bits/);
  });

  it('compares with the float model behind equalize, whose values are others', async () => {
    const model = threeLayers();
    const how = { mode: 'static', data: data(), costModel: false, equalize: 'cross-layer' } as const;
    const { model: quantized, equalized, report } = await quantize(model, how);
    const { layers } = await explain(equalized!, quantized, data(), { report, optimize: false });
    // No layer gains by noise before it: values of two scales would look so.
    for (const { sqnrAlone, sqnrCumulated } of layers) expect(sqnrAlone! - sqnrCumulated!).toBeGreaterThan(-1);
    expect(layers[0]!.sqnrAlone).toBeGreaterThan(30);
  });

  it('compares weight-only forms too', async () => {
    const model = threeLayers();
    const { model: quantized } = await quantize(model, { mode: 'weight-only', bits: 4, edgeBits: 4, accuracyLevel: 1 });
    const { layers } = await explain(model, quantized, data());
    for (const { sqnrAlone, clipped } of layers) {
      expect(sqnrAlone).toBeGreaterThan(10);
      expect(sqnrAlone).toBeLessThan(40);
      expect(clipped).toBeUndefined();
    }
  });
});

describe('spreadOf', () => {
  it('tells a bell from a spike', () => {
    const flat = Float32Array.from({ length: 4000 }, (_, i) => i / 2000 - 1);
    // A uniform distribution has kurtosis 9 / 5.
    expect(spreadOf(flat, 4).kurtosis).toBeCloseTo(1.8, 2);
    const spiked = flat.slice();
    spiked[7] = 50;
    expect(spreadOf(spiked, 4)).toMatchObject({ max: 50, min: -1 });
    expect(spreadOf(spiked, 4).outlierRatio).toBeCloseTo(50, 0);
    expect(spreadOf(spiked, 4).kurtosis).toBeGreaterThan(100);
  });
});
