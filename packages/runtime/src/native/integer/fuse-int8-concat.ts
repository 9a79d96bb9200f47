import { attribute } from '@gossamer/graph';
import type { Compilation } from '../compilation.js';
import { attributesOf, onlyReader, replaceNode } from '../edit/node-edits.js';
import { fixedPointOf } from '../../fixed-point/fixed-point.js';
import { dequantizedOf, quantizerOf } from './affine.js';
import { fixedPointAttributes } from './fixed-point-attributes.js';

/** Concat of dequantized values of different scales, quantized again: one operator on codes. */
export function fuseInt8Concat(compilation: Compilation): void {
  if (!compilation.has('Int8Concat')) return;
  for (const node of compilation.graph.nodes()) {
    if (!node.isStandard('Concat')) continue;
    const parts = node.inputs.map((value) => dequantizedOf(value, compilation));
    const quantize = onlyReader(node.output);
    const y = quantizerOf(quantize, compilation);
    if (!quantize || !y || !parts.every((part) => part !== undefined)) continue;
    replaceNode(compilation, quantize, {
      op: 'Int8Concat',
      name: node.name,
      inputs: parts.map(({ codes }) => codes),
      attributes: {
        ...attributesOf(node),
        scales: attribute.floats(parts.map(({ scale }) => scale)),
        zero_points: attribute.ints(parts.map(({ zeroPoint }) => zeroPoint)),
        y_scale: attribute.float(y.scale),
        y_zero_point: attribute.int(y.zeroPoint),
        ...(compilation.requantize === 'float'
          ? {}
          : fixedPointAttributes(parts.map(({ scale }) => fixedPointOf(scale / y.scale)))),
      },
    });
  }
}
