import { attribute, type Node } from '@gossamer/graph';
import type { Compilation } from '../compilation.js';
import { onlyReader, replaceNode } from '../edit/node-edits.js';
import { fixedPointOf, type FixedPoint } from '../../fixed-point/fixed-point.js';
import { sumFactors } from '../../fixed-point/integer-operators.js';
import { dequantizedOf, type PerTensor, quantizerOf } from './affine.js';
import { clampOf, codeRange } from './code-range.js';
import { fixedPointAttributes } from './fixed-point-attributes.js';

const OPERATIONS: Readonly<Record<string, string>> = { Add: 'add', Sum: 'add', Sub: 'sub', Mul: 'mul' };

/** Add, Sub and Mul of two dequantized values, quantized again (a Relu or Clip between): one operator on codes. */
export function fuseInt8Binary(compilation: Compilation): void {
  if (!compilation.has('Int8Binary')) return;
  for (const node of compilation.graph.nodes()) {
    const operation = node.domain === '' && Object.hasOwn(OPERATIONS, node.op) ? OPERATIONS[node.op] : undefined;
    if (operation && node.inputs.length === 2) fuse(node, operation, compilation);
  }
}

function fuse(node: Node, operation: string, compilation: Compilation): void {
  const [a, b] = [dequantizedOf(node.input(0), compilation), dequantizedOf(node.input(1), compilation)];
  if (!a || !b) return;
  const clamp = clampOf(onlyReader(node.output));
  const quantize = onlyReader((clamp?.node ?? node).output);
  const y = quantizerOf(quantize, compilation);
  if (!quantize || !y) return;
  const [low, high] = codeRange(y, clamp);
  replaceNode(compilation, quantize, {
    op: 'Int8Binary',
    name: node.name,
    inputs: [a.codes, b.codes],
    attributes: {
      operation: attribute.string(operation),
      a_scale: attribute.float(a.scale),
      a_zero_point: attribute.int(a.zeroPoint),
      b_scale: attribute.float(b.scale),
      b_zero_point: attribute.int(b.zeroPoint),
      y_scale: attribute.float(y.scale),
      y_zero_point: attribute.int(y.zeroPoint),
      low: attribute.int(low),
      high: attribute.int(high),
      ...(compilation.requantize === 'float' ? {} : fixedPointAttributes(factorsOf(operation, a, b, y))),
    },
  });
}

const factorsOf = (operation: string, a: PerTensor, b: PerTensor, y: PerTensor): readonly FixedPoint[] =>
  operation === 'mul' ? [fixedPointOf((a.scale * b.scale) / y.scale)] : sumFactors(a.scale, b.scale, y.scale);
