import { activation } from '../../activation.js';
import { dense } from '../../dense.js';
import { defineLayer, only } from '../layer.js';

/** Layers that act in training only. */
const INFERENCE_IDENTITIES = ['AlphaDropout', 'Dropout', 'GaussianDropout', 'GaussianNoise', 'SpatialDropout1D'];

export const coreLayers = [
  defineLayer(INFERENCE_IDENTITIES, (layer, inputs) => only(layer, inputs)),
  defineLayer('Dense', (layer, inputs) => {
    const y = dense(layer.e, only(layer, inputs), layer.weight('kernel'), layer.bias());
    return activation(layer.e, layer.activation(), y);
  }),
];
