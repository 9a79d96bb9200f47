import { attribute, GraphBuilder, type Model, type Value } from '@gossamer/graph';
import { noise } from './emit-static.js';

/** An activation [n, channels, size, size]. */
interface Activation {
  readonly value: Value;
  readonly channels: number;
  readonly size: number;
}

type Integer = (bound: number) => number;

/** What one step of a random network sees: the builder, the draw, the latest activations, and names for weights. */
interface Step {
  readonly g: GraphBuilder;
  readonly draw: Integer;
  readonly input: Activation;
  readonly others: readonly Activation[];
  readonly id: string;
}

/** Makes an activation of others; undefined where the shapes do not allow it. */
type Maker = (step: Step) => Activation | undefined;

const unary =
  (op: string): Maker =>
  ({ g, input }) => ({ ...input, value: g.op(op, [input.value]) });

const conv: Maker = ({ g, draw, input: { value, channels, size }, id }) => {
  const isDepthwise = draw(4) === 0;
  const [kernel, stride] = [[1, 3][draw(2)]!, draw(4) === 0 && size % 2 === 0 ? 2 : 1];
  const [group, out] = isDepthwise ? [channels, channels] : [1, [8, 16, 5][draw(3)]!];
  const fanIn = (channels / group) * kernel * kernel;
  const weights = noise(out * fanIn, draw(1000)).map((w) => w / Math.sqrt(fanIn));
  const inputs = [value, g.weight(`${id}_w`, [out, channels / group, kernel, kernel], weights)];
  if (draw(3) > 0) inputs.push(g.weight(`${id}_b`, [out], noise(out, draw(1000))));
  const pads = [kernel >> 1, kernel >> 1, kernel >> 1, kernel >> 1];
  const y = g.op('Conv', inputs, { pads, strides: [stride, stride], group: attribute.int(group) });
  return { value: y, channels: out, size: Math.floor((size + 2 * (kernel >> 1) - kernel) / stride) + 1 };
};

const clip: Maker = ({ g, draw, input }) => {
  const [low, high] = [
    [0, 6],
    [-1, 1],
    [-3, 0.5],
  ][draw(3)]!.map((bound, i) => g.weight(`bound${i}_${input.value.name}_${bound}`, [], Float32Array.of(bound))) as [
    Value,
    Value,
  ];
  return { ...input, value: g.op('Clip', [input.value, low, high]) };
};

const scale: Maker = ({ g, draw, input, id }) => {
  const dims = [[1], [input.channels, 1, 1], [1, input.channels, 1, 1]][draw(3)]!;
  const factor = g.weight(
    `${id}_k`,
    dims,
    noise(
      dims.reduce((a, b) => a * b, 1),
      draw(1000),
    ),
  );
  return { ...input, value: g.op(['Mul', 'Add'][draw(2)]!, [factor, input.value]) };
};

const add: Maker = ({ g, draw, input, others }) => {
  const equal = others.filter(({ channels, size }) => channels === input.channels && size === input.size);
  return { ...input, value: g.op('Add', [input.value, equal[draw(equal.length)]!.value]) };
};

const concat: Maker = ({ g, draw, input, others }) => {
  const equal = others.filter(({ size }) => size === input.size);
  const other = equal[draw(equal.length)]!;
  const value = g.op('Concat', [input.value, other.value], { axis: 1 });
  return { ...input, value, channels: input.channels + other.channels };
};

const pool: Maker = ({ g, input: { value, channels, size } }) => {
  if (size < 4) return undefined;
  const y = g.op('MaxPool', [value], { kernel_shape: [2, 2], strides: [2, 2] });
  return { value: y, channels, size: Math.floor(size / 2) };
};

const split: Maker = ({ g, draw, input }) => {
  if (input.channels % 2 !== 0) return undefined;
  const [a, b] = g.ops('Split', [input.value], { axis: 1 }, { outputs: 2 }) as [Value, Value];
  return { ...input, value: draw(2) === 0 ? a : g.op('Add', [a, b]), channels: input.channels / 2 };
};

const gate: Maker = ({ g, input }) => {
  const weights = g.op('Sigmoid', [g.op('GlobalAveragePool', [input.value])]);
  return { ...input, value: g.op('Mul', [input.value, weights]) };
};

const transposes: Maker = ({ g, input }) => {
  const last = g.op('Transpose', [input.value], { perm: [0, 2, 3, 1] });
  return { ...input, value: g.op('Transpose', [g.op('Relu', [last])], { perm: [0, 3, 1, 2] }) };
};

/** Convolutions are drawn four times as often as each of the others. */
const MAKERS: readonly Maker[] = [
  ...[conv, conv, conv, conv],
  ...['Relu', 'Sigmoid', 'LeakyRelu', 'Tanh', 'HardSwish'].map(unary),
  ...[clip, scale, add, concat, pool, split, gate, transposes],
];

/** A network of up to ten steps over `x` [n, 8, 12, 12], the same for the same seed, with branches and one or two outputs. */
export function randomNetwork(seed: number): Model {
  const draw = drawer(seed);
  const g = new GraphBuilder('random');
  const made: Activation[] = [{ value: g.input('x', 'float32', ['n', 8, 12, 12]), channels: 8, size: 12 }];
  const steps = 4 + draw(7);
  for (let i = 0; i < steps; i++) {
    const input = made[made.length - 1 - draw(Math.min(3, made.length))]!;
    const next = MAKERS[draw(MAKERS.length)]!({ g, draw, input, others: made, id: `step${i}` });
    if (next) made.push(next);
  }
  const { value, channels, size } = made.at(-1)!;
  const features = channels * size * size;
  const head = noise(7 * features, seed).map((w) => w / Math.sqrt(features));
  const inputs = [g.op('Flatten', [value]), g.weight('head_w', [7, features], head), g.weight('head_b', [7], noise(7))];
  g.output(g.op('Gemm', inputs, { transB: 1, alpha: attribute.float([1, 0.7][draw(2)]!) }), 'y');
  if (draw(3) === 0 && value.producer) g.output(value, 'z');
  return g.model();
}

function drawer(seed: number): Integer {
  let state = (seed * 7919 + 13) >>> 0;
  return (bound) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
}
