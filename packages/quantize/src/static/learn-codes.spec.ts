import { GraphBuilder, type Model, Tensor, type Value } from '@gossamer/graph';
import { dataFromArrays } from '@gossamer/runtime';
import type { QuantizeOptions } from '../options.js';
import { quantize } from '../quantize.js';
import { optimizedOps, runOrt, sqnr } from '../testing/ort.js';
import { normalLike } from '../testing/problem.js';

const SAMPLES = 64;
const images = Tensor.of('float32', [SAMPLES, 4, 6, 6], normalLike(SAMPLES * 144, 1));
const options: QuantizeOptions = {
  ...{ mode: 'static', weights: 'int4', costModel: false, threads: 1 },
  data: dataFromArrays({ x: images }),
};

/** Two groups with scales of their own, a Gemm with alpha and a transposed weight. */
function net(): Model {
  const g = new GraphBuilder('net', { opset: 17 });
  const weight = (dims: readonly number[], seed: number) => {
    const values = normalLike(
      dims.reduce((a, b) => a * b, 1),
      seed,
    );
    // Rows of different size: a scale in the wrong place would show.
    const rows = dims[0]!;
    const scaled = values.map((value, i) => (value * (1 + Math.floor((i * rows) / values.length))) / (8 * rows));
    return g.graph.addInitializer(`w${seed}`, Tensor.of('float32', dims, scaled));
  };
  const conv = (x: Value, dims: readonly number[], seed: number, group: number) =>
    g.op('Relu', [g.op('Conv', [x, weight(dims, seed)], { pads: [1, 1, 1, 1], group }, { name: `conv${seed}` })]);
  const x = g.input('x', 'float32', ['n', 4, 6, 6]);
  const flat = g.op('Flatten', [conv(conv(x, [8, 4, 3, 3], 11, 1), [8, 4, 3, 3], 12, 2)]);
  const logits = g.op('Gemm', [flat, weight([10, 288], 13)], { alpha: 0.5, transB: 1 }, { name: 'fc' });
  return g.output(logits, 'logits', 'float32', ['n', 10]).model();
}

/** Codes and scales of the weights, by name. */
const constants = (model: Model) =>
  new Map(
    [...model.graph.initializers()]
      .filter(({ name }) => /^w\d+_/.test(name))
      .map((value) => [value.name, value.constant!] as const),
  );

test.each(['adaround', 'brecq'])(
  '4-bit weights by %s: same scales and kernels, nearer to the float model',
  async (algorithm) => {
    const nearest = await quantize(net(), options);
    const learned = await quantize(net(), { ...options, algorithm });
    const reasons = learned.report.layers.filter(({ name }) => /conv|fc/.test(name));
    for (const { reason } of reasons) expect(reason).toContain(`weights by ${algorithm}`);
    expect(await optimizedOps(learned.model)).toEqual(await optimizedOps(nearest.model));
    const [before, after] = [constants(nearest.model), constants(learned.model)];
    expect([...after.keys()]).toEqual([...before.keys()]);
    let changed = 0;
    for (const [name, tensor] of after) {
      const other = before.get(name)!;
      if (tensor.dtype === 'float32') expect(tensor.hash()).toBe(other.hash());
      else if (tensor.hash() !== other.hash()) changed++;
    }
    expect(changed).toBe(3);
    const wanted = (await runOrt(net(), { x: images }))['logits']!;
    const noise = async (model: Model) => sqnr(wanted, (await runOrt(model, { x: images }))['logits']!);
    expect(await noise(learned.model)).toBeGreaterThan((await noise(nearest.model)) + 1);
  },
);

test('algorithms that make grids of their own are refused, and goals that quantize many times', async () => {
  for (const wrong of [{ algorithm: 'hqq' }, { algorithm: 'adaround', keepFloat: 'auto' }] as const) {
    await expect(quantize(net(), { ...options, ...wrong })).rejects.toMatchObject({ code: 'ERR_QUANTIZE_OPTION' });
  }
});
