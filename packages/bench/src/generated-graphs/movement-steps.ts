import { type Bounded, UNIT } from './bounded.js';
import type { Step } from './net.js';

const size = (x: Bounded, axis: number) => x.dims[axis] as number;

const transposeTwice: Step = (net, x) => {
  const perm = x.dims.map((_, axis) => axis).reverse();
  const rest = net.random.pick([perm, x.dims.map((_, axis) => axis)]);
  const back = rest.map((_, axis) => rest.indexOf(axis));
  const there = net.op('Transpose', [x.value], { perm: rest });
  const middle = net.random.pick([there, net.op('Relu', [there])]);
  return net.moved(x, net.op('Transpose', [middle], { perm: back }), x.dims);
};

const swapInner: Step = (net, x) => {
  if (x.dims.length < 3) return undefined;
  const perm = x.dims.map((_, axis) => axis);
  perm.push(perm.splice(-2, 1)[0]!);
  const dims = perm.map((axis) => x.dims[axis]!);
  return net.moved(x, net.op('Transpose', [x.value], { perm }), dims);
};

const reshapeThereAndBack: Step = (net, x) => {
  const rest = x.dims.slice(1) as number[];
  const flat = net.random.pick([
    () => net.op('Flatten', [x.value], { axis: 1 }),
    () => net.reshape(x.value, [0, -1]),
    () => net.listed('Unsqueeze', 13, 'axes', x.value, [1]),
  ])();
  return net.moved(
    x,
    net.reshape(
      flat,
      net.random.pick([
        [-1, ...rest],
        [0, ...rest.slice(0, -1), -1],
      ]),
    ),
    x.dims,
  );
};

const squeezeBack: Step = (net, x) => {
  const axis = net.random.integer(x.dims.length + 1);
  const wide = net.listed('Unsqueeze', 13, 'axes', x.value, [axis]);
  return net.moved(x, net.listed('Squeeze', 13, 'axes', wide, [axis]), x.dims);
};

/** A Reshape to the sizes of the value itself, computed as exporters do. */
const reshapeByShape: Step = (net, x) => {
  const shape = net.op('Shape', [x.value]);
  const batch = net.op('Gather', [shape, net.integers([0])], { axis: 0 });
  const target = net.op('Concat', [batch, net.integers(x.dims.slice(1) as number[])], { axis: 0 });
  const flat = net.op('Flatten', [x.value], { axis: 1 });
  return net.moved(x, net.op('Reshape', [flat, target]), x.dims);
};

const concatAndSlice: Step = (net, x) => {
  const y = net.partner(x);
  const both = net.op('Concat', [x.value, y.value], { axis: 1 });
  const from = net.random.integer(size(x, 1) + 1);
  const to = from + size(x, 1);
  const value =
    net.opset >= 10
      ? net.op('Slice', [both, net.integers([from]), net.integers([to]), net.integers([1])])
      : net.op('Slice', [both], { starts: [from], ends: [to], axes: [1] });
  const bounds = { magnitude: Math.max(x.magnitude, y.magnitude), error: Math.max(x.error, y.error) };
  return { value, dims: x.dims, ...bounds };
};

const wholeSlice: Step = (net, x) => {
  const value =
    net.opset >= 10
      ? net.op('Slice', [x.value, net.integers([0]), net.integers([2 ** 31 - 1]), net.integers([1])])
      : net.op('Slice', [x.value], { starts: [0], ends: [2 ** 31 - 1], axes: [1] });
  return net.moved(x, value, x.dims);
};

const gather: Step = (net, x) => {
  const count = size(x, 1);
  const indices = Array.from({ length: count }, () => net.random.integer(count));
  return net.moved(x, net.op('Gather', [x.value, net.integers(indices)], { axis: 1 }), x.dims);
};

const padZero: Step = (net, x) => {
  const pads = x.dims.flatMap((_, axis) => (axis === x.dims.length - 1 ? net.random.integer(2) : 0));
  const value = net.listed('Pad', 11, 'pads', x.value, [...pads.map(() => 0), ...pads]);
  return net.moved(x, value, [...x.dims.slice(0, -1), size(x, x.dims.length - 1) + pads.at(-1)!]);
};

const expand: Step = (net, x) => {
  if (net.opset < 8) return undefined;
  return net.moved(x, net.op('Expand', [x.value, net.integers(x.dims.map(() => 1))]), x.dims);
};

const tileOnce: Step = (net, x) => net.moved(x, net.op('Tile', [x.value, net.integers(x.dims.map(() => 1))]), x.dims);

const splitAndJoin: Step = (net, x) => {
  const total = size(x, 1);
  if (total < 2) return undefined;
  const sizes = [1, total - 1];
  const options = { outputs: 2 };
  const parts =
    net.opset >= 13
      ? net.g.ops('Split', [x.value, net.integers(sizes)], { axis: 1 }, options)
      : net.g.ops('Split', [x.value], { axis: 1, split: sizes }, options);
  return net.moved(x, net.op('Concat', parts, { axis: 1 }), x.dims);
};

const mean: Step = (net, x) => {
  const value = net.listed('ReduceMean', 18, 'axes', x.value, [x.dims.length - 1], { keepdims: 1 });
  const width = size(x, x.dims.length - 1);
  const error = x.error + (width + 1) * UNIT * x.magnitude;
  return { value, dims: [...x.dims.slice(0, -1), 1], magnitude: x.magnitude, error };
};

const largest: Step = (net, x) => {
  const value = net.listed('ReduceMax', 18, 'axes', x.value, [1], { keepdims: 1 });
  return net.moved(x, value, [x.dims[0]!, 1, ...x.dims.slice(2)]);
};

/** Steps that move elements or choose among them. */
export const movementSteps: readonly Step[] = [
  transposeTwice,
  swapInner,
  reshapeThereAndBack,
  squeezeBack,
  reshapeByShape,
  concatAndSlice,
  wholeSlice,
  gather,
  padZero,
  expand,
  tileOnce,
  splitAndJoin,
  mean,
  largest,
];
