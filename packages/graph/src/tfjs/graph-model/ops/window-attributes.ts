import type { Padding, Window } from '../../window.js';
import type { TfNode } from '../tf-node.js';

/** Spatial entries of a list attribute of rank + 2 entries; the batch's and the channels' must be 1. */
export function spatialInts(node: TfNode, name: string): readonly number[] {
  const list = node.def.ints(name);
  if (list.length < 3 || list[0] !== 1 || list.at(-1) !== 1) {
    throw node.error(name, '[1, ..., 1] over images', `[${list.join(', ')}]`);
  }
  return list.slice(1, -1);
}

/** Strides, dilations and padding of a convolution or pooling node; throws for images channels first, which TF.js on a CPU has not either. */
export function slidingOf(node: TfNode): Omit<Window, 'kernel'> {
  const format = node.def.string('data_format', 'NHWC');
  if (format !== 'NHWC' && format !== 'NDHWC') throw node.error('data_format', 'channels last', JSON.stringify(format));
  const strides = spatialInts(node, 'strides');
  const dilations = node.def.ints('dilations').length > 0 ? spatialInts(node, 'dilations') : strides.map(() => 1);
  return { strides, dilations, padding: paddingOf(node) };
}

function paddingOf(node: TfNode): Padding {
  const padding = node.def.string('padding', '').toLowerCase();
  if (padding === 'same' || padding === 'valid') return padding;
  if (padding !== 'explicit') throw node.error('padding', 'SAME, VALID or EXPLICIT', JSON.stringify(padding));
  const list = node.def.ints('explicit_paddings');
  if (list.length < 6 || list.length % 2 !== 0 || list.some((value) => value < 0)) {
    throw node.error('explicit_paddings', 'pairs >= 0 for every axis', `[${list.join(', ')}]`);
  }
  return Array.from({ length: list.length / 2 - 2 }, (_, i): [number, number] => [list[2 * i + 2]!, list[2 * i + 3]!]);
}
