import { attribute, type AttributeValue, type Node, Tensor } from '@gossamer/graph';
import type { Compilation } from '../compilation.js';
import { addBefore, attributesOf, onlyReader, replaceNode } from '../edit/node-edits.js';
import { fixedPointOf } from '../../fixed-point/fixed-point.js';
import { dequantizedOf, quantizerOf } from './affine.js';

/** AveragePool of images, and the mean over all of both their axes, between codes: one operator on codes. */
export function fuseInt8Average(compilation: Compilation): void {
  if (!compilation.has('Int8AveragePoolNhwc')) return;
  for (const node of compilation.graph.nodes()) {
    if (compilation.rankOf(node.input(0)) !== 4 || node.domain !== '') continue;
    if (node.op === 'AveragePool' && node.string('auto_pad', 'NOTSET') === 'NOTSET') {
      fuse(node, attributesOf(node, 'auto_pad'), false, compilation);
    }
    if (node.op === 'ReduceMean' && isOverImage(node)) {
      fuse(node, { global: attribute.int(1) }, node.int('keepdims', 1) === 0, compilation);
    }
  }
}

function isOverImage(node: Node): boolean {
  const axes = node
    .input(1)
    ?.constant?.toIntegers()
    .map((axis) => (axis < 0 ? axis + 4 : axis));
  return axes?.sort((a, b) => a - b).join() === '2,3';
}

function fuse(
  node: Node,
  attributes: Readonly<Record<string, AttributeValue>>,
  drops: boolean,
  compilation: Compilation,
): void {
  const x = dequantizedOf(node.input(0), compilation);
  const quantize = onlyReader(node.output);
  const y = quantizerOf(quantize, compilation);
  if (!x || !quantize || !y) return;
  const { multiplier, exponent } = fixedPointOf(x.scale / y.scale);
  const isFixed = compilation.requantize === 'fixed-point';
  const spec = {
    op: 'Int8AveragePool',
    name: node.name,
    inputs: [x.codes],
    attributes: {
      ...attributes,
      x_scale: attribute.float(x.scale),
      x_zero_point: attribute.int(x.zeroPoint),
      y_scale: attribute.float(y.scale),
      y_zero_point: attribute.int(y.zeroPoint),
      ...(isFixed ? { multiplier: attribute.int(multiplier), exponent: attribute.int(exponent) } : {}),
    },
  };
  if (!drops) {
    replaceNode(compilation, quantize, spec);
    return;
  }
  const shape = compilation.shapeOf(node.input(0))!;
  const result = {
    name: `${node.output.name}_kept`,
    dtype: 'uint8' as const,
    shape: [shape[0], shape[1], 1, 1],
  };
  const mean = addBefore(compilation, quantize, spec, result);
  const axes = compilation.graph.addInitializer(`${node.output.name}_axes`, Tensor.fromNumbers('int64', [2], [2, 3]));
  replaceNode(compilation, quantize, { op: 'Squeeze', domain: '', inputs: [mean, axes] });
}
