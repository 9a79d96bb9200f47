import type { Node } from '../../ir/node.js';
import type { EvalTensor, NumberData } from '../eval-value.js';
import { defineKernel, type Kernel, type KernelCall } from '../kernel.js';
import { sigmoid, softplus } from './activation.js';

type Activation = (x: number) => number;

/** Activations of the recurrent operators by their (case-insensitive) names; alpha and beta default per activation. */
function activationOf(call: KernelCall, name: string, alpha: number | undefined, beta: number | undefined): Activation {
  const [a, b] = [alpha, beta];
  const table: Readonly<Record<string, Activation>> = {
    relu: (x) => Math.max(0, x),
    tanh: Math.tanh,
    sigmoid,
    affine: (x) => (a ?? 1) * x + (b ?? 0),
    leakyrelu: (x) => (x < 0 ? (a ?? 0.01) * x : x),
    thresholdedrelu: (x) => (x > (a ?? 1) ? x : 0),
    scaledtanh: (x) => (a ?? 1) * Math.tanh((b ?? 1) * x),
    hardsigmoid: (x) => Math.max(0, Math.min(1, (a ?? 0.2) * x + (b ?? 0.5))),
    elu: (x) => (x < 0 ? (a ?? 1) * Math.expm1(x) : x),
    softsign: (x) => x / (1 + Math.abs(x)),
    softplus,
  };
  return table[name.toLowerCase()] ?? call.fail('ERR_EVAL_OP', 'activations', 'a known activation', name);
}

/** How many of alpha and beta an activation takes. */
const PARAMETERS: Readonly<Record<string, number>> = {
  affine: 2,
  leakyrelu: 1,
  thresholdedrelu: 1,
  scaledtanh: 2,
  hardsigmoid: 2,
  elu: 1,
};

/** The activations of each direction: `defaults` when the node names none; clipped inputs when it says so. */
function activationsOf(call: KernelCall, defaults: readonly string[], directions: number): Activation[][] {
  const { node } = call;
  const names = node.strings('activations', Array.from({ length: directions }, () => defaults).flat());
  const alphas = node.floats('activation_alpha', []);
  const betas = node.floats('activation_beta', []);
  const clip = node.float('clip', Infinity);
  // Each value goes to the next activation that takes one.
  let [alpha, beta] = [0, 0];
  const all = names.map((name) => {
    const taken = PARAMETERS[name.toLowerCase()] ?? 0;
    const activation = activationOf(
      call,
      name,
      taken > 0 ? alphas[alpha++] : undefined,
      taken > 1 ? betas[beta++] : undefined,
    );
    return clip === Infinity ? activation : (x: number) => activation(Math.max(-clip, Math.min(clip, x)));
  });
  return Array.from({ length: directions }, (_, d) => all.slice(d * defaults.length, (d + 1) * defaults.length));
}

/** One direction's parameters, with element accessors in the gates' order of the file. */
interface Cell {
  readonly hidden: number;
  readonly activations: readonly Activation[];
  /** W x (gate-major, `gates * hidden` sums) without biases. */
  readonly input: (x: NumberData, at: number) => Float64Array;
  /** R h for rows [from, to). */
  readonly recurrent: (h: Float64Array, from: number, to: number) => Float64Array;
  readonly wBias: (row: number) => number;
  readonly rBias: (row: number) => number;
  readonly peephole: (row: number) => number;
  readonly node: Node;
}

type StepState = { h: Float64Array; c: Float64Array };
/** One step of one batch item; `seen` is the hidden state as the recurrent product reads it. */
export type Step = (cell: Cell, x: Float64Array, state: StepState, seen: Float64Array) => StepState;

/** LSTM, gates i o f c. */
export const lstmStep: Step = (cell, x, { c }, seen) => {
  const n = cell.hidden;
  const [f, g, k] = cell.activations as [Activation, Activation, Activation];
  const r = cell.recurrent(seen, 0, 4 * n);
  const sum = (row: number) => x[row]! + r[row]! + cell.wBias(row) + cell.rBias(row);
  const next: StepState = { h: new Float64Array(n), c: new Float64Array(n) };
  const coupled = cell.node.int('input_forget', 0) === 1;
  for (let j = 0; j < n; j++) {
    const input = f(sum(j) + cell.peephole(j) * c[j]!);
    const forget = coupled ? 1 - input : f(sum(2 * n + j) + cell.peephole(2 * n + j) * c[j]!);
    const fresh = forget * c[j]! + input * g(sum(3 * n + j));
    next.c[j] = fresh;
    next.h[j] = f(sum(n + j) + cell.peephole(n + j) * fresh) * k(fresh);
  }
  return next;
};

/** GRU, gates z r h. */
const gruStep: Step = (cell, x, { h, c }) => {
  const n = cell.hidden;
  const [f, g] = cell.activations as [Activation, Activation];
  const linear = cell.node.int('linear_before_reset', 0) === 1;
  const r = cell.recurrent(h, 0, 2 * n);
  const gate = (row: number) => f(x[row]! + r[row]! + cell.wBias(row) + cell.rBias(row));
  const reset = Float64Array.from({ length: n }, (_, j) => gate(n + j));
  const inner = cell.recurrent(linear ? h : h.map((value, j) => value * reset[j]!), 2 * n, 3 * n);
  const next = h.map((value, j) => {
    const row = 2 * n + j;
    const hidden = linear ? reset[j]! * (inner[j]! + cell.rBias(row)) : inner[j]! + cell.rBias(row);
    const update = gate(j);
    return (1 - update) * g(x[row]! + hidden + cell.wBias(row)) + update * value;
  });
  return { h: next, c };
};

const rnnStep: Step = (cell, x, { h, c }) => {
  const r = cell.recurrent(h, 0, cell.hidden);
  return { h: h.map((_, j) => cell.activations[0]!(x[j]! + r[j]! + cell.wBias(j) + cell.rBias(j))), c };
};

interface Shape {
  readonly steps: number;
  readonly batch: number;
  readonly directions: number;
  readonly hidden: number;
}

/** What the loop runs over: X, and W [d, gates * hidden, input], R [d, gates * hidden, hidden] as numbers. */
interface Operands {
  readonly x: NumberData;
  readonly w: NumberData;
  readonly r: NumberData;
  readonly inputSize: number;
  readonly directions: number;
  readonly hidden: number;
  /** What the recurrent product sees of the hidden states of all batch items. */
  readonly seen?: (states: readonly Float64Array[]) => readonly Float64Array[];
}

function makeCell(
  call: KernelCall,
  operands: Operands,
  d: number,
  gates: number,
  activations: readonly Activation[],
): Cell {
  const { w, r, hidden, inputSize } = operands;
  const rows = gates * hidden;
  const bias = call.inputs[3] && call.numbers(3);
  const peepholes = call.inputs[7] && call.numbers(7);
  const rowsOf = (data: NumberData, width: number, vector: NumberData, at: number, from: number, to: number) => {
    const sums = new Float64Array(to - from);
    for (let row = from; row < to; row++) {
      let sum = 0;
      const start = (d * rows + row) * width;
      for (let i = 0; i < width; i++) sum += data[start + i]! * vector[at + i]!;
      sums[row - from] = sum;
    }
    return sums;
  };
  return {
    hidden,
    activations,
    node: call.node,
    input: (x, at) => rowsOf(w, inputSize, x, at, 0, rows),
    recurrent: (h, from, to) => rowsOf(r, hidden, h, 0, from, to),
    wBias: (row) => (bias ? bias[2 * d * rows + row]! : 0),
    rBias: (row) => (bias ? bias[(2 * d + 1) * rows + row]! : 0),
    peephole: (row) => (peepholes ? peepholes[3 * d * hidden + row]! : 0),
  };
}

/** An operator as the standard has it: float weights. */
function recurrent(
  call: KernelCall,
  gates: number,
  defaults: readonly string[],
  step: Step,
): (EvalTensor | undefined)[] {
  const [w, r] = [call.tensor(1), call.tensor(2)];
  const operands = {
    x: call.numbers(0),
    w: call.asNumbers(w),
    r: call.asNumbers(r),
    inputSize: w.dims[2]!,
    directions: w.dims[0]!,
    hidden: r.dims[2]!,
  };
  return runRecurrent(call, operands, gates, defaults, step);
}

/** Runs all directions and batch items; sequences shorter than the longest give zeros and keep their last state. */
export function runRecurrent(
  call: KernelCall,
  operands: Operands,
  gates: number,
  defaults: readonly string[],
  step: Step,
): (EvalTensor | undefined)[] {
  const { node } = call;
  const { x, directions, hidden, inputSize } = operands;
  const { dims } = call.tensor(0);
  const byBatch = node.int('layout', 0) === 1;
  const [steps, batch] = byBatch ? [dims[1]!, dims[0]!] : [dims[0]!, dims[1]!];
  const shape: Shape = { steps, batch, directions, hidden };
  call.charge(steps * batch * directions * gates * hidden * (inputSize + hidden));
  const lengths = call.optionalIntegers(4) ?? new Array<number>(batch).fill(steps);
  const activations = activationsOf(call, defaults, directions);
  const y = new Float64Array(steps * directions * batch * hidden);
  const last = { h: new Float64Array(directions * batch * hidden), c: new Float64Array(directions * batch * hidden) };
  for (let d = 0; d < directions; d++) {
    const cell = makeCell(call, operands, d, gates, activations[d]!);
    const backward = d === 1 || node.string('direction', 'forward') === 'reverse';
    const states = Array.from({ length: batch }, (_, b): StepState => ({
      h: initial(call, 5, shape, d, b),
      c: initial(call, 6, shape, d, b),
    }));
    for (let s = 0; s < steps; s++) {
      const hiddens = states.map((state) => state.h);
      const seen = operands.seen?.(hiddens) ?? hiddens;
      for (let b = 0; b < batch; b++) {
        if (s >= lengths[b]!) continue;
        const t = backward ? lengths[b]! - 1 - s : s;
        const at = (byBatch ? b * steps + t : t * batch + b) * inputSize;
        states[b] = step(cell, cell.input(x, at), states[b]!, seen[b]!);
        y.set(states[b]!.h, ((t * directions + d) * batch + b) * hidden);
      }
    }
    states.forEach((state, b) => {
      last.h.set(state.h, (d * batch + b) * hidden);
      last.c.set(state.c, (d * batch + b) * hidden);
    });
  }
  return outputs(call, shape, y, last);
}

/** The initial state of direction `d`, item `b`: zeros without an input. */
function initial(
  call: KernelCall,
  index: number,
  { batch, directions, hidden }: Shape,
  d: number,
  b: number,
): Float64Array {
  const given = call.inputs[index] && call.numbers(index);
  if (!given) return new Float64Array(hidden);
  const byBatch = call.node.int('layout', 0) === 1;
  const start = (byBatch ? b * directions + d : d * batch + b) * hidden;
  return Float64Array.from(given.subarray(start, start + hidden));
}

/** Y, Y_h, Y_c in the node's layout: batch in the middle (0) or in front (1). */
function outputs(
  call: KernelCall,
  shape: Shape,
  y: Float64Array,
  last: Record<'h' | 'c', Float64Array>,
): (EvalTensor | undefined)[] {
  const { dtype } = call.tensor(0);
  const { steps, batch, directions, hidden } = shape;
  if (call.node.int('layout', 0) === 0) {
    const states = [directions, batch, hidden];
    return [
      call.result(dtype, [steps, directions, batch, hidden], y),
      call.result(dtype, states, last.h),
      call.result(dtype, states, last.c),
    ];
  }
  const reorder = (data: Float64Array, count: number) =>
    data.map((_, i) => {
      const [j, k, b] = [i % hidden, Math.floor(i / hidden) % count, Math.floor(i / (hidden * count))];
      return data[(k * batch + b) * hidden + j]!;
    });
  const states = [batch, directions, hidden];
  return [
    call.result(dtype, [batch, steps, directions, hidden], reorder(y, steps * directions)),
    call.result(dtype, states, reorder(last.h, directions)),
    call.result(dtype, states, reorder(last.c, directions)),
  ];
}

export const recurrentKernels: readonly Kernel[] = [
  defineKernel({ op: 'LSTM', run: (call) => recurrent(call, 4, ['Sigmoid', 'Tanh', 'Tanh'], lstmStep) }),
  defineKernel({ op: 'GRU', run: (call) => recurrent(call, 3, ['Sigmoid', 'Tanh'], gruStep) }),
  defineKernel({ op: 'RNN', run: (call) => recurrent(call, 1, ['Tanh'], rnnStep) }),
];
