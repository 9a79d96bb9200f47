import { attribute } from '../../../ir/attribute.js';
import { activation, clip, prelu, softmax } from '../../activation.js';
import { broadcast } from '../../broadcast.js';
import { plainOperand } from '../../operand.js';
import { defineLayer, only } from '../layer.js';

export const activationLayers = [
  defineLayer('Activation', (layer, inputs) => activation(layer.e, layer.activation(), only(layer, inputs))),
  defineLayer('ReLU', (layer, inputs) => {
    for (const key of ['negative_slope', 'threshold']) {
      if (layer.number(key, 0) !== 0) throw layer.error(key, '0', layer.number(key, 0));
    }
    const max = layer.number('max_value', undefined);
    const x = only(layer, inputs);
    return max === undefined ? layer.e.elementwise('Relu', x) : layer.e.map(x, (value) => clip(layer.e, value, 0, max));
  }),
  defineLayer('LeakyReLU', (layer, inputs) =>
    layer.e.elementwise('LeakyRelu', only(layer, inputs), { alpha: attribute.float(layer.number('alpha', 0.3)) }),
  ),
  defineLayer('ELU', (layer, inputs) =>
    layer.e.elementwise('Elu', only(layer, inputs), { alpha: attribute.float(layer.number('alpha', 1)) }),
  ),
  // Neither TF.js nor Keras scales: x where x > theta, else 0.
  defineLayer('ThresholdedReLU', (layer, inputs) =>
    layer.e.elementwise('ThresholdedRelu', only(layer, inputs), { alpha: attribute.float(layer.number('theta', 1)) }),
  ),
  defineLayer('PReLU', (layer, inputs) => {
    const slope = layer.tensor('alpha');
    return prelu(layer.e, only(layer, inputs), plainOperand(layer.e.weight(`${layer.name}/alpha`, slope)));
  }),
  defineLayer('Softmax', (layer, inputs) => {
    const x = only(layer, inputs);
    const axis = layer.int('axis', -1);
    if (axis === -1) return softmax(layer.e, 'Softmax', x);
    return plainOperand(layer.e.op('Softmax', [layer.e.plain(x)], { axis }));
  }),
  defineLayer('Rescaling', (layer, inputs) => {
    const { e } = layer;
    const constant = (value: number) => plainOperand(e.constant(value, 'float32'));
    const scale = constant(layer.number('scale', 1));
    const scaled = broadcast(e, [only(layer, inputs), scale], (values) => e.op('Mul', values));
    return broadcast(e, [scaled, constant(layer.number('offset', 0))], (values) => e.op('Add', values));
  }),
];
