import { attribute } from '../../../ir/attribute.js';
import { Tensor } from '../../../ir/tensor.js';
import { property } from '../../json.js';
import { type Operand, plainOperand } from '../../operand.js';
import { batchNormalization } from '../../batch-normalization.js';
import { normalAxes } from '../../reduction.js';
import { defineLayer, type Layer, only } from '../layer.js';

/** More constants than this are not made up for weights that the configuration leaves out. */
const MAX_COUNT = 2 ** 24;

/** A weight, or as many copies of `value` where the configuration leaves it out. */
function weightOr(layer: Layer, isThere: boolean, name: string, value: number, count: number): Operand {
  if (isThere) return layer.weight(name);
  if (count > MAX_COUNT) throw layer.error(name, `up to ${MAX_COUNT} elements`, count);
  const data = new Float32Array(count).fill(value);
  return plainOperand(layer.e.weight(`${layer.name}/${name}`, Tensor.of('float32', [count], data)));
}

function axesOf(layer: Layer, rank: number): number[] {
  const axis = property(layer.config, 'axis') ?? -1;
  const axes = Array.isArray(axis) ? layer.ints('axis', axis.length) : layer.ints('axis', 1, [-1]);
  return normalAxes(layer.e, axes, rank).sort((a, b) => a - b);
}

export const normalizationLayers = [
  defineLayer('BatchNormalization', (layer, inputs) => {
    const x = only(layer, inputs);
    const rank = layer.e.rankOf(x);
    const axes = axesOf(layer, rank);
    if (axes.length !== 1 || axes[0] !== rank - 1) throw layer.error('axis', `the last (${rank - 1})`, axes);
    const mean = layer.weight('moving_mean');
    const count = layer.tensor('moving_mean').length;
    return batchNormalization(layer.e, x, {
      scale: weightOr(layer, layer.bool('scale', true), 'gamma', 1, count),
      offset: weightOr(layer, layer.bool('center', true), 'beta', 0, count),
      mean,
      variance: layer.weight('moving_variance'),
      epsilon: layer.number('epsilon', 1e-3),
    });
  }),
  defineLayer('LayerNormalization', (layer, inputs) => {
    const { e } = layer;
    const x = only(layer, inputs);
    const rank = e.rankOf(x);
    const axes = axesOf(layer, rank);
    const isTail = axes.every((axis, i) => axis === rank - axes.length + i);
    if (!isTail) throw layer.error('axis', 'the last axes', axes);
    const dims = axes.map((axis) => e.shapeOf(x)![axis]);
    if (!dims.every((dim) => typeof dim === 'number')) throw layer.error('shape', 'known dims', dims);
    const affine = (isThere: boolean, name: string, value: number) => {
      const flat = weightOr(
        layer,
        isThere,
        name,
        value,
        (dims as number[]).reduce((a, b) => a * b, 1),
      );
      const tensor = flat.plain!.constant!;
      if (tensor.dims.length !== dims.length)
        layer.e.graph.setInitializer(flat.plain!, tensor.reshaped(dims as number[]));
      return flat.plain;
    };
    const scale = affine(layer.bool('scale', true), 'gamma', 1);
    const bias = affine(layer.bool('center', true), 'beta', 0);
    const epsilon = attribute.float(layer.number('epsilon', 1e-3));
    return plainOperand(e.op('LayerNormalization', [e.plain(x), scale, bias], { axis: rank - axes.length, epsilon }));
  }),
];
