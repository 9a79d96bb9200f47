import { attribute } from '../../ir/attribute.js';
import { activationKey } from '../activation.js';
import type { Attributes } from '../emitter.js';
import { property } from '../json.js';
import type { Layer } from './layer.js';
import type { Cell } from './recurrent-cell.js';

/** Activations that ONNX's recurrent operators have, by Keras's name, with alpha and beta where they take any. */
const GATES: Readonly<Record<string, { readonly name: string; readonly alpha?: number; readonly beta?: number }>> = {
  relu: { name: 'Relu' },
  sigmoid: { name: 'Sigmoid' },
  tanh: { name: 'Tanh' },
  hardsigmoid: { name: 'HardSigmoid', alpha: 0.2, beta: 0.5 },
  softsign: { name: 'Softsign' },
  softplus: { name: 'Softplus' },
  elu: { name: 'Elu', alpha: 1 },
};

/** The attributes that name a recurrent operator's activations; Keras's defaults are tanh and hardSigmoid. */
export function gateActivations(layer: Layer, cell: Cell): Attributes {
  const chosen = cell.activations.map((key) => {
    const fallback = key === 'activation' ? 'tanh' : 'hardSigmoid';
    const name = property(layer.config, key) === undefined ? fallback : layer.activation(key);
    const gateKey = activationKey(name);
    const gate = Object.hasOwn(GATES, gateKey) ? GATES[gateKey] : undefined;
    if (!gate) throw layer.error(key, Object.keys(GATES).join(', '), JSON.stringify(name.slice(0, 40)));
    return gate;
  });
  // Parameters are listed for the activations that take them, in order.
  const alphas = chosen.flatMap(({ alpha }) => (alpha === undefined ? [] : [alpha]));
  const betas = chosen.flatMap(({ beta }) => (beta === undefined ? [] : [beta]));
  return {
    activations: attribute.strings(chosen.map(({ name }) => name)),
    ...(alphas.length > 0 ? { activation_alpha: attribute.floats(alphas) } : {}),
    ...(betas.length > 0 ? { activation_beta: attribute.floats(betas) } : {}),
  };
}
