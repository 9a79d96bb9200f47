import { type Bounded, type Bounds, productBounds, smoothBounds, sumBounds, UNIT } from './bounded.js';
import type { Constant, Net, Step } from './net.js';

const like = (x: Bounded, value: Bounded['value'], { magnitude, error }: Bounds): Bounded => {
  return { value, dims: x.dims, magnitude, error };
};

/** A function of one number: Lipschitz constant and bound of its results. */
const smooth =
  (op: string, slope: number, magnitude: (m: number) => number): Step =>
  (net, x) =>
    like(x, net.op(op, [x.value]), smoothBounds(x, slope, magnitude(x.magnitude)));

const exact =
  (op: string): Step =>
  (net, x) =>
    like(x, net.op(op, [x.value]), x);

/** A constant that broadcasts over `x`: a scalar, a row, a channel, or as many dims of 1 as there are. */
function operand(net: Net, x: Bounded): Constant {
  const sizes = x.dims.map((dim) => (dim === 'n' ? 1 : dim));
  const channel = sizes.map((size, axis) => (axis === 1 ? size : 1));
  const shapes = [[], [1], [sizes.at(-1)!], channel, sizes.map(() => 1), sizes];
  return net.weight(net.random.pick(shapes), 0.5, 2);
}

const add: Step = (net, x) => {
  const y = net.partner(x);
  return like(x, net.op(net.random.pick(['Add', 'Sub']), [x.value, y.value]), sumBounds(x, y));
};

const multiply: Step = (net, x) => {
  const y = net.partner(x);
  return like(x, net.op('Mul', [x.value, y.value]), productBounds(x, y));
};

const shift: Step = (net, x) => {
  const c = operand(net, x);
  const pair = net.random.integer(2) === 0 ? [x.value, c.value] : [c.value, x.value];
  return like(x, net.op(net.random.pick(['Add', 'Sub']), pair), sumBounds(x, c));
};

const scale: Step = (net, x) => {
  const c = operand(net, x);
  // Constants lie in [0.5, 2]: a quotient by one is a product with one of the same range.
  const value = net.random.integer(2) === 0 ? net.op('Mul', [x.value, c.value]) : net.op('Div', [x.value, c.value]);
  return like(x, value, productBounds(x, c));
};

/** What changes nothing: x·1, x/1, x - 0 with constants of all shapes. */
const neutral: Step = (net, x) => {
  const [op, number] = net.random.pick([
    ['Mul', 1],
    ['Div', 1],
    ['Sub', 0],
    ['Add', 0],
  ] as const);
  return like(x, net.op(op, [x.value, net.scalar(number).value]), x);
};

const extreme: Step = (net, x) => {
  const y = net.partner(x);
  const magnitude = Math.max(x.magnitude, y.magnitude);
  const value = net.op(net.random.pick(['Max', 'Min']), [x.value, y.value]);
  return like(x, value, { magnitude, error: Math.max(x.error, y.error) });
};

const clip: Step = (net, x) => {
  const value =
    net.opset >= 11
      ? net.op('Clip', [x.value, net.scalar(-1.5).value, net.scalar(2).value])
      : net.op('Clip', [x.value], { min: -1.5, max: { type: 'float', value: 2 } });
  return like(x, value, { magnitude: Math.min(2, x.magnitude), error: x.error });
};

/** Halves of two values by a condition that no input touches. */
const where: Step = (net, x) => {
  if (net.opset < 9) return undefined;
  const y = net.partner(x);
  const condition = net.op('Greater', [net.weight([x.dims.at(-1) as number]).value, net.scalar(0).value]);
  const bounds = { magnitude: Math.max(x.magnitude, y.magnitude), error: Math.max(x.error, y.error) };
  return like(x, net.op('Where', [condition, x.value, y.value]), bounds);
};

const sum: Step = (net, x) => {
  const y = net.partner(x);
  const bounds = sumBounds(sumBounds(x, y), x);
  return like(x, net.op('Sum', [x.value, y.value, x.value]), bounds);
};

const throughDouble: Step = (net, x) => {
  // Not two Casts in a row: ONNX Runtime 1.30 removes them even with its optimisations off, and then misses what a body captured between.
  const wide = net.op('Neg', [net.op('Cast', [x.value], { to: 11 })]);
  return like(x, net.op('Cast', [wide], { to: 1 }), x);
};

const squareRoot: Step = (net, x) => {
  // sqrt(|x| + 1) has slope 1/2 at most.
  const value = net.op('Sqrt', [net.op('Add', [net.op('Abs', [x.value]), net.scalar(1).value])]);
  return like(x, value, smoothBounds(x, 0.5, Math.sqrt(x.magnitude + 1) + UNIT, 2));
};

/** Steps that keep the dims of a value of any rank. */
export const elementwiseSteps: readonly Step[] = [
  add,
  shift,
  scale,
  multiply,
  neutral,
  extreme,
  clip,
  where,
  sum,
  throughDouble,
  squareRoot,
  exact('Relu'),
  exact('Neg'),
  exact('Abs'),
  exact('Identity'),
  exact('Dropout'),
  smooth('Sigmoid', 0.25, () => 1),
  smooth('Tanh', 1, () => 1),
  smooth('Softplus', 1, (m) => m + 0.7),
  smooth('Softsign', 1, () => 1),
  smooth('Sin', 1, () => 1),
  smooth('HardSigmoid', 0.2, () => 1),
  smooth('LeakyRelu', 1, (m) => m),
  smooth('Elu', 1, (m) => Math.max(m, 1)),
];
