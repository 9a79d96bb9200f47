import type { Value } from '../../../ir/value.js';
import { activation } from '../../activation.js';
import { convolution } from '../../convolution.js';
import type { Emitter } from '../../emitter.js';
import { property } from '../../json.js';
import { channelsFirstOperand, type Operand, plainOperand } from '../../operand.js';
import { defineLayer, type Layer, only } from '../layer.js';

/** More steps are not written out one by one. */
const MAX_STEPS = 512;

/** Hidden and carried state, channels first. */
interface State {
  readonly hidden: Value;
  readonly carry: Value;
}

/**
 * An LSTM whose products are convolutions, written out step by step: ONNX has no operator for it. Keras stacks the gates as i, f, c, o.
 * Source: tfjs-layers `ConvLSTM2DCell.call`.
 */
export const convLstmLayer = defineLayer('ConvLSTM2D', (layer, inputs) => {
  const { e } = layer;
  for (const flag of ['stateful', 'return_state']) {
    if (layer.bool(flag, false)) throw layer.error(flag, 'false', 'true');
  }
  layer.requireChannelsLast();
  const [steps, products] = inputProducts(layer, only(layer, inputs));
  const order = Array.from({ length: steps }, (_, t) => (layer.bool('go_backwards', false) ? steps - 1 - t : t));
  const hidden: Value[] = [];
  let state: State | undefined;
  for (const t of order) {
    state = advance(layer, e.op('Gather', [products, e.int64(t)], { axis: 1 }), state);
    hidden.push(state.hidden);
  }
  if (!layer.bool('return_sequences', false)) return channelsFirstOperand(state!.hidden);
  const stacked = e.op(
    'Concat',
    hidden.map((h) => e.op('Unsqueeze', [h, e.int64([1])])),
    { axis: 1 },
  );
  return plainOperand(e.transpose(stacked, [0, 1, 3, 4, 2]));
});

/** The input's share of all gates at all steps: [n, t, 4 * filters, height, width]; all steps are convolved at once. */
function inputProducts(layer: Layer, x: Operand): [number, Value] {
  const { e } = layer;
  const [, steps, ...dims] = e.shapeOf(x) ?? [];
  if (typeof steps !== 'number' || steps < 1 || steps > MAX_STEPS) {
    throw layer.error('input', `1 to ${MAX_STEPS} steps`, String(steps));
  }
  if (dims.length !== 3 || !dims.every((dim) => typeof dim === 'number')) {
    throw layer.error('input', 'images of known size', dims.join(', '));
  }
  const images = plainOperand(e.op('Reshape', [e.plain(x), e.int64([-1, ...(dims as number[])])]));
  const sliding = {
    strides: layer.ints('strides', 2, [1]),
    dilations: layer.ints('dilation_rate', 2, [1]),
    padding: layer.padding(),
  };
  const y = e.channelsFirst(convolution(e, images, layer.weight('kernel'), sliding, layer.bias()?.plain));
  const shape = e.types.shapeOf(y)?.slice(1);
  if (!shape?.every((dim) => typeof dim === 'number')) throw layer.error('output', 'a known size', String(shape));
  return [steps, e.op('Reshape', [y, e.int64([-1, steps, ...(shape as number[])])])];
}

/** One step; before the first one both states are zero. */
function advance(layer: Layer, product: Value, before: State | undefined): State {
  const { e } = layer;
  const gates = before ? e.op('Add', [product, recurrentProduct(layer, before.hidden)]) : product;
  const [i, f, c, o] = e.ops('Split', [gates], { axis: 1, num_outputs: 4 }, 4) as [Value, Value, Value, Value];
  const gate = (value: Value) => activate(e, nameOf(layer, 'recurrent_activation', 'hardSigmoid'), value);
  const squash = (value: Value) => activate(e, nameOf(layer, 'activation', 'tanh'), value);
  const added = e.op('Mul', [gate(i), squash(c)]);
  const carry = before ? e.op('Add', [e.op('Mul', [gate(f), before.carry]), added]) : added;
  return { hidden: e.op('Mul', [gate(o), squash(carry)]), carry };
}

function recurrentProduct(layer: Layer, hidden: Value): Value {
  const sliding = { strides: [1, 1], dilations: [1, 1], padding: 'same' } as const;
  const kernel = layer.weight('recurrent_kernel');
  return layer.e.channelsFirst(convolution(layer.e, channelsFirstOperand(hidden), kernel, sliding));
}

function nameOf(layer: Layer, key: string, fallback: string): string {
  return property(layer.config, key) === undefined ? fallback : layer.activation(key);
}

function activate(e: Emitter, name: string, value: Value): Value {
  return e.channelsFirst(activation(e, name, channelsFirstOperand(value)));
}
