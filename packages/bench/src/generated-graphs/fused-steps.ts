import { type Bounded, smoothBounds, sumBounds } from './bounded.js';
import type { Net, Step } from './net.js';

const clipped = (net: Net, x: Bounded, low: number, high: number) =>
  net.opset >= 11
    ? net.op('Clip', [x.value, net.scalar(low).value, net.scalar(high).value])
    : net.op('Clip', [x.value], { min: { type: 'float', value: low }, max: { type: 'float', value: high } });

/** x·tanh(ln(1 + e^x)). */
const mish: Step = (net, x) => {
  const value = net.op('Mul', [x.value, net.op('Tanh', [net.op('Softplus', [x.value])])]);
  return { value, dims: x.dims, ...smoothBounds(x, 1.1, x.magnitude, 3) };
};

/** clip(x + 3, 0, 6) / 6, alone or times x. */
const hardSigmoid: Step = (net, x) => {
  const shifted = { ...x, value: net.op('Add', [x.value, net.scalar(3).value]) };
  const gate = net.op('Div', [clipped(net, shifted, 0, 6), net.scalar(6).value]);
  if (net.random.integer(2) === 0) return { value: gate, dims: x.dims, ...smoothBounds(x, 1 / 6, 1) };
  // (x² + 3x) / 6 has slope 3/2 at most where it is not x or 0.
  return { value: net.op('Mul', [x.value, gate]), dims: x.dims, ...smoothBounds(x, 1.5, x.magnitude, 2) };
};

/** x·hardsigmoid(x), the gate one operator. */
const hardSwish: Step = (net, x) => {
  const gate = net.op('HardSigmoid', [x.value], { alpha: 1 / 6, beta: 0.5 });
  return { value: net.op('Mul', [x.value, gate]), dims: x.dims, ...smoothBounds(x, 1.5, x.magnitude, 2) };
};

/** The operator Gelu, of a sum with a row. */
const biasGelu: Step = (net, x) => {
  if (net.opset < 20) return undefined;
  const row = net.weight([x.dims.at(-1) as number]);
  const sum = { value: net.op('Add', [x.value, row.value]), ...sumBounds(x, row) };
  return { value: net.op('Gelu', [sum.value]), dims: x.dims, ...smoothBounds(sum, 1.13, sum.magnitude, 4) };
};

/** A residual sum and the operator LayerNormalization. */
const residualNorm: Step = (net, x) => {
  const width = x.dims.at(-1) as number;
  if (net.opset < 17 || x.dims.length !== 3 || width < 2) return undefined;
  const y = net.partner(x);
  const sum = { value: net.op('Add', [x.value, y.value]), ...sumBounds(x, y) };
  const parameters = [net.weight([width], 0.5, 1.5).value, net.weight([width]).value];
  const epsilon = 0.05;
  const value = net.op('LayerNormalization', [sum.value, ...parameters], { axis: -1, epsilon });
  const slope = (1.5 * (2 + Math.sqrt(width))) / Math.sqrt(epsilon);
  const inner = { magnitude: 0, error: sum.error + 2 * (width + 4) * 2 ** -24 * sum.magnitude };
  return { value, dims: x.dims, ...smoothBounds(inner, slope, 1.5 * Math.sqrt(width) + 1, 2) };
};

/** Steps for fusions that few others give anything to do. */
export const fusedSteps: readonly Step[] = [mish, hardSigmoid, hardSwish, biasGelu, residualNorm];
