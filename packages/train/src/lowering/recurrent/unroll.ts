import { GossamerError, type Node, type Value } from '@gossamer/graph';
import type { Emitter } from '../../emit/emitter.js';
import type { TrainErrorCode } from '../../error-codes.js';
import { type Activate, activationsOf } from './activations.js';

/** What a cell carries from step to step, [batch, hidden] each; undefined: zeros. */
export interface State {
  readonly h: Value | undefined;
  readonly c: Value | undefined;
}

/** The parameters of one direction. */
export interface Cell {
  readonly node: Node;
  readonly hidden: number;
  readonly activations: readonly Activate[];
  /** R transposed, [hidden, gates * hidden]. */
  readonly recurrence: Value;
  /** Biases of the recurrent product [gates * hidden] that are not in the input product yet. */
  readonly recurrentBias: Value | undefined;
  /** Peephole weights [3 * hidden], of gates i, o, f. */
  readonly peephole: Value | undefined;
}

/** How an operator steps. */
export interface CellKind {
  readonly gates: number;
  readonly activations: readonly string[];
  /** Whether both biases may be added to the input product at once. */
  mergesBiases(node: Node): boolean;
  /** One step: `x` [batch, gates * hidden] is the input product with its biases. */
  step(g: Emitter, cell: Cell, x: Value, state: State): { h: Value; c: Value | undefined };
}

/** Part `i` of `count` equal parts along the last axis. */
export function part(g: Emitter, x: Value, i: number, count: number): Value {
  const axis = g.rank(x) - 1;
  const size = g.shape(x)[axis]! / count;
  return g.slice(x, [axis], [i * size], [(i + 1) * size]);
}

/** Item `i` of the first axis, without that axis. */
function item(g: Emitter, x: Value, i: number): Value {
  const [count, ...rest] = g.shape(x) as [number, ...number[]];
  return g.reshape(count === 1 ? x : g.slice(x, [0], [i], [i + 1]), rest);
}

/**
 * LSTM, GRU or RNN as primitives: one product of all steps with W, then a recurrent product a step. Steps beyond an item's length in sequence_lens
 * leave its state alone and put out zeros. Outputs Y, Y_h, Y_c. Throws ERR_TRAINING_FORM for clip.
 */
export function unroll(
  g: Emitter,
  node: Node,
  inputs: readonly (Value | undefined)[],
  kind: CellKind,
): readonly (Value | undefined)[] {
  if (node.has('clip')) {
    throw new GossamerError<TrainErrorCode>(
      'ERR_TRAINING_FORM',
      `node ${node.id}: expected ${node.op} without clip, received clip ${node.float('clip', 0)}`,
    );
  }
  const isBatchFirst = node.int('layout', 0) === 1;
  const byTime = (value: Value) => (isBatchFirst ? g.transpose(value, [1, 0, 2]) : value);
  const x = byTime(inputs[0]!);
  const [w, r] = [inputs[1]!, inputs[2]!];
  const [directions, , hidden] = g.shape(r) as [number, number, number];
  const activations = activationsOf(node, kind.activations, directions);
  const states = [inputs[5], inputs[6]].map((value) => value && byTime(value));
  const runs = Array.from({ length: directions }, (_, d) => {
    const biases = inputs[3] && item(g, inputs[3], d);
    const [inputBias, recurrentBias] = biases ? [part(g, biases, 0, 2), part(g, biases, 1, 2)] : [];
    const merges = kind.mergesBiases(node);
    const cell: Cell = {
      node,
      hidden,
      activations: activations[d]!,
      recurrence: g.swapLast(item(g, r, d)),
      recurrentBias: merges ? undefined : recurrentBias,
      peephole: inputs[7] && item(g, inputs[7], d),
    };
    const bias = inputBias && merges ? g.add(inputBias, recurrentBias!) : inputBias;
    const [h, c] = states.map((value) => value && item(g, value, d));
    const isBackward = d === 1 || node.string('direction', 'forward') === 'reverse';
    return run(g, kind, cell, productOfSteps(g, x, item(g, w, d), bias), { h, c }, isBackward, inputs[4]);
  });
  const stack = (values: readonly Value[]) => {
    const [batch] = g.shape(values[0]!);
    return byTime(
      g.concat(
        values.map((value) => g.reshape(value, [1, batch!, hidden])),
        0,
      ),
    );
  };
  const y = g.concat(
    runs.map(({ all }) => all),
    1,
  );
  const last = runs.map(({ state }) => state);
  return [
    isBatchFirst ? g.transpose(y, [2, 0, 1, 3]) : y,
    stack(last.map(({ h }) => h!)),
    node.outputs[2] && stack(last.map(({ c }) => c!)),
  ];
}

/** X W^T + bias for every step, [batch, gates * hidden] each. */
function productOfSteps(g: Emitter, x: Value, w: Value, bias: Value | undefined): Value[] {
  const [steps, batch, size] = g.shape(x) as [number, number, number];
  const rows = g.matmul(g.reshape(x, [steps * batch, size]), w, false, true);
  const sums = g.reshape(bias ? g.add(rows, bias) : rows, [steps, batch, g.shape(w)[0]!]);
  const parts =
    steps === 1
      ? [sums]
      : g.ops('Split', [sums, g.int64(new Array<number>(steps).fill(1))], { axis: 0 }, { outputs: steps });
  return parts.map((value) => g.reshape(value, g.shape(sums).slice(1)));
}

/** One direction: its hidden states [steps, 1, batch, hidden], and the last state. */
function run(
  g: Emitter,
  kind: CellKind,
  cell: Cell,
  products: readonly Value[],
  initial: State,
  isBackward: boolean,
  lengths: Value | undefined,
): { all: Value; state: State } {
  const steps = products.length;
  const [batch] = g.shape(products[0]!) as [number];
  const all = new Array<Value>(steps);
  let state = initial;
  for (let i = 0; i < steps; i++) {
    const t = isBackward ? steps - 1 - i : i;
    const next = kind.step(g, cell, products[t]!, state);
    const isInside = lengths && g.op('Less', [g.constant(t, g.dtype(lengths)), g.reshape(lengths, [batch, 1])]);
    const zero = g.constant(0);
    const kept = (fresh: Value, old: Value | undefined) => (isInside ? g.where(isInside, fresh, old ?? zero) : fresh);
    all[t] = g.reshape(kept(next.h, undefined), [1, 1, batch, cell.hidden]);
    state = { h: kept(next.h, state.h), c: next.c && kept(next.c, state.c) };
  }
  return { all: g.concat(all, 0), state };
}
