import { asBoolean, asObject, optional, property } from '../json.js';
import type { Operand } from '../operand.js';
import type { Layer } from './layer.js';

/** Layers that hand the mask of their input on. */
const CARRIERS: ReadonlySet<string> = new Set([
  ...['Activation', 'AlphaDropout', 'BatchNormalization', 'Dense', 'Dropout', 'GaussianDropout', 'GaussianNoise'],
  ...['LayerNormalization', 'PReLU', 'ReLU', 'SpatialDropout1D', 'TimeDistributed'],
]);

/** Layers that leave masked steps out, and hand the mask on when they give whole sequences. */
const RECURRENT: ReadonlySet<string> = new Set(['Bidirectional', 'GRU', 'LSTM', 'SimpleRNN']);

/** Layers that join masks, or use them in ways of their own. */
const UNSUPPORTED: ReadonlySet<string> = new Set([
  ...['Add', 'Average', 'Concatenate', 'ConvLSTM2D', 'Dot', 'Maximum', 'Minimum', 'Multiply'],
]);

/**
 * Follows masks through a model as TF.js does: layers that know masks hand them on, others lose them.
 *
 * TF.js passes a mask it has seen to the layers after it as well, also where Keras has none; where that could matter (a recurrent layer
 * without a mask of its own, a nested model) the model is refused. Source: tfjs-layers `executor.execute`.
 */
export class MaskFlow {
  #source: Layer | undefined;
  #unmasked: Layer | undefined;

  /** Gives `result` the mask that the layer hands on; throws where masks meet what they cannot pass. */
  follow(layer: Layer, operands: readonly Operand[], result: Operand): void {
    const { className } = layer;
    const masked = operands.find(({ mask }) => mask);
    if (masked && UNSUPPORTED.has(className)) throw layer.error('input', 'one without a mask', 'a masked one');
    if (RECURRENT.has(className)) {
      if (!masked) this.#unmasked ??= layer;
      else if (givesSequence(layer)) result.mask = masked.mask;
    } else if (masked && CARRIERS.has(className)) {
      result.mask = masked.mask;
    }
    if (className === 'ConvLSTM2D' || (className === 'TimeDistributed' && RECURRENT.has(classWithin(layer)))) {
      this.#unmasked ??= layer;
    }
    if (result.mask) this.#source ??= layer;
    this.#check();
  }

  /** A nested model is called. */
  enterNetwork(layer: Layer): void {
    this.#unmasked ??= layer;
    this.#check();
  }

  #check(): void {
    if (!this.#source || !this.#unmasked) return;
    throw this.#unmasked.error('mask', `none in the model (TF.js passes it on)`, `that of ${this.#source.name}`);
  }
}

function classWithin({ config }: Layer): string {
  return String(property(asObject(property(config, 'layer'), 'layer'), 'class_name'));
}

/** Whether a recurrent layer gives an output for every step; a wrapper says it of its inner layer. */
function givesSequence({ className, config }: Layer): boolean {
  const own = className === 'Bidirectional' ? asObject(property(config, 'layer'), 'layer') : undefined;
  const holder = own ? asObject(property(own, 'config'), 'config') : config;
  return optional(holder, 'return_sequences', asBoolean, false);
}
