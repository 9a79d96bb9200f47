import { GraphBuilder, type Model, Tensor } from '@gossamer/graph';
import { evaluate } from '@gossamer/graph/eval';
import { compileModel } from './compile-model.js';
import { nativeCapabilities, NativeProgram } from './open-native.js';

type Feeds = Readonly<Record<string, Tensor>>;

const waves = (dims: readonly number[], phase = 0) => {
  const count = dims.reduce((a, b) => a * b, 1);
  const values = Float32Array.from({ length: count }, (_, i) => Math.sin(i * 0.7 + phase));
  return Tensor.of('float32', dims, values);
};

/** Runs `model` in the addon. */
async function runNatively(model: Model, feeds: Feeds) {
  const plan = compileModel(model, { capabilities: nativeCapabilities() });
  expect(plan.lacking).toEqual([]);
  const wanted = model.graph.outputs.map(({ name }) => name);
  const outputs = await new NativeProgram(plan, model).run(feeds, wanted, { threads: undefined, signal: undefined });
  return { outputs, types: [...plan.model.graph.nodes()].map(({ op }) => op) };
}

function expectClose(actual: Readonly<Record<string, Tensor>>, expected: Readonly<Record<string, Tensor>>): void {
  expect(Object.keys(actual)).toEqual(Object.keys(expected));
  for (const [name, tensor] of Object.entries(expected)) {
    expect(actual[name]!.dims).toEqual(tensor.dims);
    const [got, want] = [actual[name]!.toFloat64(), tensor.toFloat64()];
    const most = want.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    // Sums of at most a few hundred terms, each rounded to float32 once.
    want.forEach((value, i) => expect(Math.abs(got[i]! - value)).toBeLessThanOrEqual(1e-5 * most));
  }
}

interface Geometry {
  readonly what: string;
  readonly x: readonly number[];
  readonly w: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Begins, then ends. */
  readonly pads: readonly number[];
  readonly group: number;
}

const plain = { strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0], group: 1 };
const GEOMETRIES: readonly Geometry[] = [
  { ...plain, what: '3x3 with pads', x: [2, 5, 6, 7], w: [4, 5, 3, 3], pads: [1, 1, 1, 1] },
  { ...plain, what: '1x1', x: [2, 5, 6, 7], w: [4, 5, 1, 1] },
  { ...plain, what: 'first layer', x: [2, 1, 9, 8], w: [6, 1, 5, 5] },
  { ...plain, what: 'strides, uneven pads', x: [1, 4, 9, 8], w: [6, 4, 3, 2], strides: [2, 3], pads: [0, 1, 2, 1] },
  { ...plain, what: 'dilated groups', x: [1, 6, 9, 8], w: [4, 3, 2, 3], dilations: [3, 2], group: 2 },
  { ...plain, what: 'depthwise', x: [2, 6, 5, 5], w: [6, 1, 3, 3], pads: [1, 1, 1, 1], group: 6 },
  { what: 'one axis', x: [2, 3, 11], w: [4, 3, 3], strides: [2], dilations: [1], pads: [1, 0], group: 1 },
];

/** Spatial sizes of the result. */
const sizesOf = ({ x, w, strides, dilations, pads }: Geometry) =>
  strides.map((stride, axis) => {
    const reach = dilations[axis]! * (w[axis + 2]! - 1) + 1;
    return Math.floor((x[axis + 2]! + pads[axis]! + pads[axis + strides.length]! - reach) / stride) + 1;
  });

/** dx as a transposed convolution, whose output_padding makes up for pixels that no kernel reaches. */
function inputGradient(geometry: Geometry, dy: Tensor, w: Tensor): Tensor {
  const { x, strides, dilations, pads, group } = geometry;
  const output_padding = sizesOf(geometry).map((size, axis) => {
    const reach = dilations[axis]! * (w.dims[axis + 2]! - 1) + 1;
    return x[axis + 2]! + pads[axis]! + pads[axis + strides.length]! - ((size - 1) * strides[axis]! + reach);
  });
  const g = new GraphBuilder('dx', { opset: 21 });
  const inputs = [g.input('dy', 'float32', dy.dims), g.input('w', 'float32', w.dims)];
  g.output(g.op('ConvTranspose', inputs, { strides, dilations, pads, group, output_padding }), 'dx');
  return evaluate(g.model(), { dy, w })['dx']!;
}

/** dw summed up over every pixel of dy. */
function weightGradient({ w, strides, dilations, pads, group }: Geometry, x: Tensor, dy: Tensor): Tensor {
  const [height, width] = [x.dims.length === 4 ? x.dims[2]! : 1, x.dims.at(-1)!];
  const [outHeight, outWidth] = [dy.dims.length === 4 ? dy.dims[2]! : 1, dy.dims.at(-1)!];
  const [outputs, depth, kernel] = [w[0]!, w[1]!, w.length === 4 ? w.slice(2) : [1, w[2]!]];
  const two = (list: readonly number[], otherwise: number) => (list.length === 1 ? [otherwise, list[0]!] : list);
  const [stride, dilation] = [two(strides, 1), two(dilations, 1)];
  const [top, left] = pads.length === 4 ? pads : [0, pads[0]!];
  const [from, gradients] = [x.toFloat64(), dy.toFloat64()];
  const sums = new Float64Array(outputs * depth * kernel[0]! * kernel[1]!);
  for (let i = 0; i < gradients.length; i++) {
    const [column, row] = [i % outWidth, Math.floor(i / outWidth) % outHeight];
    const plane = Math.floor(i / outWidth / outHeight);
    const [output, image] = [plane % outputs, Math.floor(plane / outputs)];
    const first = Math.floor((output * group) / outputs) * depth;
    for (let t = 0; t < depth * kernel[0]! * kernel[1]!; t++) {
      const [kx, ky] = [t % kernel[1]!, Math.floor(t / kernel[1]!) % kernel[0]!];
      const channel = first + Math.floor(t / kernel[1]! / kernel[0]!);
      const y = row * stride[0]! + ky * dilation[0]! - top!;
      const at = column * stride[1]! + kx * dilation[1]! - left!;
      if (y < 0 || y >= height || at < 0 || at >= width) continue;
      const pixel = ((image * x.dims[1]! + channel) * height + y) * width + at;
      sums[output * depth * kernel[0]! * kernel[1]! + t]! += from[pixel]! * gradients[i]!;
    }
  }
  return Tensor.of('float32', w, Float32Array.from(sums));
}

test.each(GEOMETRIES)('gradients of a convolution, $what', async (geometry) => {
  const { x, w, strides, dilations, pads, group } = geometry;
  const dyDims = [x[0]!, w[0]!, ...sizesOf(geometry)];
  const g = new GraphBuilder('net', { opset: 21, domains: { 'gossamer.train': 1 } });
  const values = [g.input('x', 'float32', x), g.input('w', 'float32', w), g.input('dy', 'float32', dyDims)];
  const window = { strides, dilations, pads, group };
  const domain = { domain: 'gossamer.train' };
  const dx = g.op('ConvGradInput', [values[2], values[1]], { ...window, input_shape: x.slice(2) }, domain);
  const dw = g.op('ConvGradWeight', [values[0], values[2]], { ...window, kernel_shape: w.slice(2) }, domain);
  const model = g.output(dx, 'dx').output(dw, 'dw').model();
  const feeds = { x: waves(x), w: waves(w, 1), dy: waves(dyDims, 2) };
  const { outputs, types } = await runNatively(model, feeds);
  expectClose(outputs, {
    dx: inputGradient(geometry, feeds.dy, feeds.w),
    dw: weightGradient(geometry, feeds.x, feeds.dy),
  });
  expect(types.filter((type) => type.startsWith('Conv')).sort()).toEqual(['ConvGradInputNhwc', 'ConvGradWeightNhwc']);
});

test('gradients whose padding is not resolved are no operators of the engine, which would leave it out', () => {
  const g = new GraphBuilder('net', { opset: 21, domains: { 'gossamer.train': 1 } });
  const [x, dy] = [g.input('x', 'float32', [1, 2, 6, 6]), g.input('dy', 'float32', [1, 2, 3, 3])];
  const attributes = { auto_pad: 'SAME_LOWER', strides: [2, 2], kernel_shape: [3, 3] };
  const domain = { domain: 'gossamer.train' };
  g.output(g.op('MaxPoolGrad', [dy, x, dy], { ...attributes, ceil_mode: 1 }, domain), 'pool');
  g.output(g.op('ConvGradWeight', [x, dy], attributes, domain), 'dw');
  const plan = compileModel(g.model(), { capabilities: nativeCapabilities() });
  expect(plan.lacking.map(({ operator }) => operator)).toEqual([
    'gossamer.train::MaxPoolGrad',
    'gossamer.train::ConvGradWeight',
  ]);
});

test('values between convolutions and their gradients keep channels last; weights and their gradients keep their order', async () => {
  const g = new GraphBuilder('net', { opset: 21, domains: { 'gossamer.train': 1 } });
  const [x, w, dy] = [
    g.input('x', 'float32', [2, 3, 6, 6]),
    g.input('w', 'float32', [4, 3, 3, 3]),
    g.input('dy', 'float32', [2, 4, 6, 6]),
  ];
  const domain = { domain: 'gossamer.train' };
  const pads = [1, 1, 1, 1];
  const y = g.op('Relu', [g.op('Conv', [x, w], { pads })]);
  const gated = g.op('Mul', [dy, g.op('Sign', [y])]);
  const dx = g.op('ConvGradInput', [gated, w], { pads, input_shape: [6, 6] }, domain);
  const dw = g.op('ConvGradWeight', [x, gated], { pads, kernel_shape: [3, 3] }, domain);
  const next = g.op('Sub', [w, g.op('Mul', [dw, g.constant(0.1, 'float32')])]);
  const model = g.output(dx, 'dx').output(next, 'next').model();
  const feeds = { x: waves([2, 3, 6, 6]), w: waves([4, 3, 3, 3], 1), dy: waves([2, 4, 6, 6], 2) };
  const { types } = await runNatively(model, feeds);
  expect(types.filter((type) => type === 'Transpose')).toHaveLength(3);
});

test('ConvTranspose with weights that are fed computes with channels last', async () => {
  const g = new GraphBuilder('net', { opset: 21 });
  const inputs = [g.input('x', 'float32', [2, 4, 5, 3]), g.input('w', 'float32', [4, 3, 3, 2])];
  const model = g.output(g.op('ConvTranspose', inputs, { strides: [2, 1], pads: [1, 0, 0, 1] }), 'y').model();
  const feeds = { x: waves([2, 4, 5, 3]), w: waves([4, 3, 3, 2], 1) };
  const { outputs, types } = await runNatively(model, feeds);
  expectClose(outputs, evaluate(model, feeds));
  expect(types).toEqual(['Transpose', 'ConvTransposeNhwc', 'Transpose']);
});

test('Conv with weights that are fed computes with channels last, its weights stay in their order', async () => {
  const g = new GraphBuilder('net', { opset: 21 });
  const x = g.input('x', 'float32', [2, 3, 9, 8]);
  const [w1, w2] = [g.input('w1', 'float32', [8, 3, 3, 3]), g.input('w2', 'float32', [8, 1, 3, 3])];
  const [b1, w3] = [g.input('b1', 'float32', [8]), g.input('w3', 'float32', [5, 4, 1, 1])];
  const first = g.op('Relu', [g.op('Conv', [x, w1, b1], { pads: [1, 1, 1, 1], strides: [2, 1] })]);
  const depthwise = g.op('Conv', [first, w2], { group: 8, pads: [0, 1, 1, 0] });
  const grouped = g.op('Conv', [depthwise, g.op('Concat', [w3, w3], { axis: 0 })], { group: 2 });
  const model = g.output(grouped, 'y').model();
  const feeds = {
    x: waves([2, 3, 9, 8]),
    w1: waves([8, 3, 3, 3], 1),
    w2: waves([8, 1, 3, 3], 2),
    b1: waves([8], 3),
    w3: waves([5, 4, 1, 1], 4),
  };
  const { outputs, types } = await runNatively(model, feeds);
  expectClose(outputs, evaluate(model, feeds));
  expect(types.sort()).toEqual(['Concat', 'ConvNhwc', 'ConvNhwc', 'ConvNhwc', 'Transpose', 'Transpose']);
});
