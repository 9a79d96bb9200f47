import { broadcastOp } from '../../broadcast.js';
import { concatenation } from '../../concatenation.js';
import { type Operand, plainOperand } from '../../operand.js';
import { defineLayer, type Layer } from '../layer.js';

/** Combines two and more operands from left to right, as TF.js does. */
function fold(layer: Layer, op: string, inputs: readonly Operand[]): Operand {
  const [first, ...rest] = inputs;
  if (!first || rest.length === 0) throw layer.error('inputs', 'two or more', inputs.length);
  const rank = layer.e.rankOf(first);
  for (const other of rest) {
    const otherRank = layer.e.rankOf(other);
    if (otherRank !== rank) throw layer.error('inputs', `equal ranks (${rank})`, otherRank);
  }
  return rest.reduce((sum, x) => broadcastOp(layer.e, op, [sum, x]), first);
}

export const mergeLayers = [
  defineLayer('Add', (layer, inputs) => fold(layer, 'Add', inputs)),
  defineLayer('Multiply', (layer, inputs) => fold(layer, 'Mul', inputs)),
  defineLayer('Maximum', (layer, inputs) => fold(layer, 'Max', inputs)),
  defineLayer('Minimum', (layer, inputs) => fold(layer, 'Min', inputs)),
  defineLayer('Average', (layer, inputs) => {
    const share = plainOperand(layer.e.constant(1 / inputs.length, 'float32'));
    return broadcastOp(layer.e, 'Mul', [fold(layer, 'Add', inputs), share]);
  }),
  defineLayer('Concatenate', (layer, inputs) => concatenation(layer.e, inputs, layer.int('axis', -1))),
];
