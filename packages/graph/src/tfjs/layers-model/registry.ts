import type { LayerConverter } from './layer.js';
import { activationLayers } from './layers/activation.js';
import { convLstmLayer } from './layers/conv-lstm.js';
import { convolutionLayers } from './layers/convolution.js';
import { coreLayers } from './layers/core.js';
import { dotLayer } from './layers/dot.js';
import { maskLayers } from './layers/mask.js';
import { mergeLayers } from './layers/merge.js';
import { normalizationLayers } from './layers/normalization.js';
import { poolingLayers } from './layers/pooling.js';
import { recurrentLayers } from './layers/recurrent.js';
import { shapeLayers } from './layers/shape.js';

const FAMILIES: readonly (readonly LayerConverter[])[] = [
  activationLayers,
  convolutionLayers,
  [convLstmLayer, dotLayer],
  coreLayers,
  maskLayers,
  mergeLayers,
  normalizationLayers,
  poolingLayers,
  recurrentLayers,
  shapeLayers,
];

const CONVERTERS = new Map<string, LayerConverter>();
for (const converter of FAMILIES.flat()) {
  for (const name of converter.classes) {
    if (CONVERTERS.has(name)) throw new Error(`layer ${name}: is registered twice`);
    CONVERTERS.set(name, converter);
  }
}

export function findLayer(className: string): LayerConverter | undefined {
  return CONVERTERS.get(className);
}

/** Layer classes that can be read, sorted. */
export function supportedLayers(): string[] {
  return [...CONVERTERS.keys(), 'Functional', 'InputLayer', 'Model', 'Sequential', 'TimeDistributed'].sort();
}
