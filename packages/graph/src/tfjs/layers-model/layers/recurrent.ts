import type { Tensor } from '../../../ir/tensor.js';
import type { Value } from '../../../ir/value.js';
import type { Attributes, Emitter } from '../../emitter.js';
import { asObject, optional, asString, property } from '../../json.js';
import { type Operand, plainOperand } from '../../operand.js';
import { broadcastOp } from '../../broadcast.js';
import { concatenation } from '../../concatenation.js';
import { gateActivations } from '../gate-activation.js';
import { defineLayer, type Layer, only } from '../layer.js';
import { runMasked, type States } from '../masked-sequence.js';
import { type Cell, CELLS, gateMatrix } from '../recurrent-cell.js';

/** What a recurrent layer gives: the whole sequence [n, t, units], or its last state [n, units]. */
function recurrent(layer: Layer, x: Operand, isReverse: boolean): Operand {
  const { e } = layer;
  const cell = Object.hasOwn(CELLS, layer.className) ? CELLS[layer.className] : undefined;
  if (!cell) throw layer.error('class', Object.keys(CELLS).join(', '), layer.className);
  for (const flag of ['stateful', 'return_state', 'reset_after', 'time_major']) {
    if (layer.bool(flag, false)) throw layer.error(flag, 'false', 'true');
  }
  const units = layer.ints('units', 1)[0]!;
  const weights = weightsOf(layer, cell, units);
  const attributes: Attributes = {
    hidden_size: units,
    ...gateActivations(layer, cell),
  };
  const run = (input: Value, direction: 'forward' | 'reverse'): States => {
    const steps = e.op('Transpose', [input], { perm: [1, 0, 2] });
    const operands = [steps, ...weights];
    const [all, last] = e.ops(cell.op, operands, { ...attributes, direction }, 2) as [Value, Value];
    // [t, 1, n, units] -> [n, t, units]
    const squeezed = e.op('Squeeze', [all, e.int64([1])]);
    const sequence = e.op('Transpose', [squeezed], { perm: [1, 0, 2] });
    return { sequence, last: e.op('Squeeze', [last, e.int64([0])]) };
  };
  const wantsSequence = layer.bool('return_sequences', false);
  if (x.mask) {
    const turn = (value: Value) => (isReverse ? reversed(e, value) : value);
    const taken = runMasked(e, turn(e.plain(x)), turn(x.mask), (steps) => run(steps, 'forward').sequence);
    return plainOperand(wantsSequence ? turn(taken.sequence) : taken.last);
  }
  const { sequence, last } = run(e.plain(x), isReverse ? 'reverse' : 'forward');
  return plainOperand(wantsSequence ? sequence : last);
}

function weightsOf(layer: Layer, cell: Cell, units: number): Value[] {
  const make = (name: string, tensor: Tensor) => layer.e.weight(`${layer.name}/${name}`, tensor);
  const kernel = make('kernel', gateMatrix(layer, cell, 'kernel', units));
  const recurrentKernel = make('recurrent_kernel', gateMatrix(layer, cell, 'recurrent_kernel', units));
  if (!layer.bool('use_bias', true)) return [kernel, recurrentKernel];
  return [kernel, recurrentKernel, make('bias', gateMatrix(layer, cell, 'bias', units))];
}

/** Reverses the sequence: axis 1. */
function reversed(e: Emitter, x: Value): Value {
  const bounds = [e.int64([-1]), e.int64([-(2 ** 53 - 1)]), e.int64([1]), e.int64([-1])];
  return e.op('Slice', [x, ...bounds]);
}

function convert(layer: Layer, inputs: readonly Operand[]): Operand {
  const isReverse = layer.bool('go_backwards', false);
  const y = recurrent(layer, only(layer, inputs), isReverse);
  // Keras leaves a backward layer's results in the order they were computed; ONNX puts them at their own steps.
  const isTurned = isReverse && layer.bool('return_sequences', false);
  return isTurned ? plainOperand(reversed(layer.e, layer.e.plain(y))) : y;
}

const MERGES: Readonly<Record<string, string>> = { sum: 'Add', mul: 'Mul', ave: 'Add' };

function bidirectional(layer: Layer, inputs: readonly Operand[]): Operand {
  const x = only(layer, inputs);
  const wrapped = asObject(property(layer.config, 'layer'), 'layer');
  const name = asString(property(asObject(property(wrapped, 'config'), 'config'), 'name'), 'name');
  // TF.js names the two copies after the wrapped layer; Keras after the wrapper's only when several fit.
  const forward = recurrent(layer.inner(wrapped, `forward_${name}`), x, false);
  const backward = recurrent(layer.inner(wrapped, `backward_${name}`), x, true);
  const mode = optional(layer.config, 'merge_mode', asString, 'concat');
  if (mode === 'concat') return concatenation(layer.e, [forward, backward], -1);
  const op = Object.hasOwn(MERGES, mode) ? MERGES[mode] : undefined;
  if (!op) throw layer.error('merge_mode', 'concat, sum, mul or ave', JSON.stringify(mode));
  const merged = broadcastOp(layer.e, op, [forward, backward]);
  return mode === 'ave'
    ? broadcastOp(layer.e, 'Mul', [merged, plainOperand(layer.e.constant(0.5, 'float32'))])
    : merged;
}

export const recurrentLayers = [
  defineLayer(['LSTM', 'GRU', 'SimpleRNN'], convert),
  defineLayer('Bidirectional', bidirectional),
];
