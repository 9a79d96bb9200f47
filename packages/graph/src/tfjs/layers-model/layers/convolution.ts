import { activation } from '../../activation.js';
import { convolution, depthwiseConvolution, type Sliding, transposedConvolution } from '../../convolution.js';
import type { Operand } from '../../operand.js';
import { property } from '../../json.js';
import { defineImageLayer, defineLayer, type Layer, only } from '../layer.js';

function sliding(layer: Layer, rank: number): Sliding {
  return {
    strides: layer.ints('strides', rank, [1]),
    dilations: layer.ints('dilation_rate', rank, [1]),
    padding: layer.padding(),
  };
}

/** Throws for an activation that looks along the channels, which TF.js then finds on another axis. */
function activated(layer: Layer, y: Operand): Operand {
  const name = layer.activation();
  if (layer.isChannelsFirst && /softmax/i.test(name)) throw layer.error('activation', 'one per element', name);
  return activation(layer.e, name, y);
}

function ordinary(rank: number) {
  return (layer: Layer, inputs: readonly Operand[]): Operand => {
    const bias = layer.bias()?.plain;
    const y = convolution(layer.e, only(layer, inputs), layer.weight('kernel'), sliding(layer, rank), bias);
    return activated(layer, y);
  };
}

export const convolutionLayers = [
  // TF.js leaves the result of a channels-first one channels last.
  defineLayer('Conv1D', (layer, inputs) => {
    layer.requireChannelsLast();
    return ordinary(1)(layer, inputs);
  }),
  defineImageLayer('Conv2D', ordinary(2)),
  defineImageLayer('Conv3D', ordinary(3)),
  defineImageLayer('DepthwiseConv2D', (layer, inputs) => {
    const bias = layer.bias()?.plain;
    const filter = layer.weight('depthwise_kernel');
    const y = depthwiseConvolution(layer.e, only(layer, inputs), filter, sliding(layer, 2), bias);
    return activated(layer, y);
  }),
  defineImageLayer('SeparableConv2D', (layer, inputs) => {
    const { e } = layer;
    const depthwise = depthwiseConvolution(e, only(layer, inputs), layer.weight('depthwise_kernel'), sliding(layer, 2));
    const point: Sliding = { strides: [1, 1], dilations: [1, 1], padding: 'valid' };
    const y = convolution(e, depthwise, layer.weight('pointwise_kernel'), point, layer.bias()?.plain);
    return activated(layer, y);
  }),
  defineImageLayer('Conv2DTranspose', (layer, inputs) => {
    const slide = sliding(layer, 2);
    if (slide.dilations.some((dilation) => dilation !== 1)) throw layer.error('dilation_rate', '1', slide.dilations);
    if ((property(layer.config, 'output_padding') ?? null) !== null)
      throw layer.error('output_padding', 'none', 'a value');
    const bias = layer.bias()?.plain;
    const y = transposedConvolution(layer.e, only(layer, inputs), layer.weight('kernel'), slide, undefined, bias);
    return activated(layer, y);
  }),
];
