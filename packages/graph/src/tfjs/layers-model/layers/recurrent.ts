import type { Tensor } from '../../../ir/tensor.js';
import type { Value } from '../../../ir/value.js';
import { type Attributes } from '../../emitter.js';
import { asObject, optional, asString, property } from '../../json.js';
import { type Operand, plainOperand } from '../../operand.js';
import { broadcastOp } from '../../broadcast.js';
import { concatenation } from '../../concatenation.js';
import { gateActivations } from '../gate-activation.js';
import { defineLayer, type Layer, only } from '../layer.js';
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
    direction: isReverse ? 'reverse' : 'forward',
    ...gateActivations(layer, cell),
  };
  const steps = e.op('Transpose', [e.plain(x)], { perm: [1, 0, 2] });
  const [sequence, last] = e.ops(cell.op, [steps, ...weights], attributes, 2) as [Value, Value];
  if (!layer.bool('return_sequences', false)) return plainOperand(e.op('Squeeze', [last, e.int64([0])]));
  // [t, 1, n, units] -> [n, t, units]
  const squeezed = e.op('Squeeze', [sequence, e.int64([1])]);
  return plainOperand(e.op('Transpose', [squeezed], { perm: [1, 0, 2] }));
}

function weightsOf(layer: Layer, cell: Cell, units: number): Value[] {
  const make = (name: string, tensor: Tensor) => layer.e.weight(`${layer.name}/${name}`, tensor);
  const kernel = make('kernel', gateMatrix(layer, cell, 'kernel', units));
  const recurrentKernel = make('recurrent_kernel', gateMatrix(layer, cell, 'recurrent_kernel', units));
  if (!layer.bool('use_bias', true)) return [kernel, recurrentKernel];
  return [kernel, recurrentKernel, make('bias', gateMatrix(layer, cell, 'bias', units))];
}

/** Reverses the sequence: axis 1. */
function reversed(layer: Layer, x: Operand): Operand {
  const { e } = layer;
  const bounds = [e.int64([-1]), e.int64([-(2 ** 53 - 1)]), e.int64([1]), e.int64([-1])];
  return plainOperand(e.op('Slice', [e.plain(x), ...bounds]));
}

function convert(layer: Layer, inputs: readonly Operand[]): Operand {
  const isReverse = layer.bool('go_backwards', false);
  const y = recurrent(layer, only(layer, inputs), isReverse);
  // Keras leaves a backward layer's results in the order they were computed; ONNX puts them at their own steps.
  return isReverse && layer.bool('return_sequences', false) ? reversed(layer, y) : y;
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
