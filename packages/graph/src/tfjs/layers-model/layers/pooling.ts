import { pooling } from '../../pooling.js';
import { reduction } from '../../reduction.js';
import type { Operand } from '../../operand.js';
import { defineLayer, type Layer, only } from '../layer.js';

function windowed(kind: 'max' | 'average', rank: number) {
  return (layer: Layer, inputs: readonly Operand[]): Operand => {
    layer.requireChannelsLast();
    return pooling(layer.e, kind, only(layer, inputs), layer.pool(rank));
  };
}

function global(kind: 'max' | 'average', rank: number) {
  return (layer: Layer, inputs: readonly Operand[]): Operand => {
    layer.requireChannelsLast();
    const axes = Array.from({ length: rank }, (_, i) => i + 1);
    const op = kind === 'max' ? 'ReduceMax' : 'ReduceMean';
    return reduction(layer.e, op, only(layer, inputs), axes, layer.bool('keepdims', false));
  };
}

export const poolingLayers = [
  defineLayer('MaxPooling1D', windowed('max', 1)),
  defineLayer('MaxPooling2D', windowed('max', 2)),
  defineLayer('MaxPooling3D', windowed('max', 3)),
  defineLayer('AveragePooling1D', windowed('average', 1)),
  defineLayer('AveragePooling2D', windowed('average', 2)),
  defineLayer('AveragePooling3D', windowed('average', 3)),
  defineLayer('GlobalMaxPooling1D', global('max', 1)),
  defineLayer('GlobalMaxPooling2D', global('max', 2)),
  defineLayer('GlobalAveragePooling1D', global('average', 1)),
  defineLayer('GlobalAveragePooling2D', global('average', 2)),
];
