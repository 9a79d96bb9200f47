import { pooling } from '../../pooling.js';
import { reduction } from '../../reduction.js';
import type { Operand } from '../../operand.js';
import { defineImageLayer, defineLayer, type Layer, only } from '../layer.js';

function windowed(kind: 'max' | 'average', rank: number) {
  return (layer: Layer, inputs: readonly Operand[]): Operand => {
    return pooling(layer.e, kind, only(layer, inputs), layer.pool(rank));
  };
}

function global(kind: 'max' | 'average', rank: number) {
  return (layer: Layer, inputs: readonly Operand[]): Operand => {
    const axes = Array.from({ length: rank }, (_, i) => i + 1);
    const op = kind === 'max' ? 'ReduceMax' : 'ReduceMean';
    return reduction(layer.e, op, only(layer, inputs), axes, layer.bool('keepdims', false));
  };
}

/** TF.js knows sequences channels last only. */
function defineSequenceLayer(name: string, convert: (layer: Layer, inputs: readonly Operand[]) => Operand) {
  return defineLayer(name, (layer, inputs) => {
    layer.requireChannelsLast();
    return convert(layer, inputs);
  });
}

export const poolingLayers = [
  defineSequenceLayer('MaxPooling1D', windowed('max', 1)),
  defineImageLayer('MaxPooling2D', windowed('max', 2)),
  defineImageLayer('MaxPooling3D', windowed('max', 3)),
  defineSequenceLayer('AveragePooling1D', windowed('average', 1)),
  defineImageLayer('AveragePooling2D', windowed('average', 2)),
  defineImageLayer('AveragePooling3D', windowed('average', 3)),
  defineSequenceLayer('GlobalMaxPooling1D', global('max', 1)),
  defineImageLayer('GlobalMaxPooling2D', global('max', 2)),
  defineSequenceLayer('GlobalAveragePooling1D', global('average', 1)),
  defineImageLayer('GlobalAveragePooling2D', global('average', 2)),
];
