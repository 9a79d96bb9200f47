import { type Node, type Value } from '@gossamer/graph';
import type { Compilation } from '../compilation.js';
import { prune, replaceByValue } from '../edit/node-edits.js';
import { addDequantize, type Dequantized, dequantizedOf, quantizerOf, sameAffine, scalar } from './affine.js';
import { movedSlots } from './moves.js';

/** Moves that make more elements than they read: what is dequantized behind them is more work. */
const GROWING: ReadonlySet<string> = new Set(['Expand', 'Tile']);

/**
 * Lets operators that only move elements move codes: a DequantizeLinear in front of one goes behind it. What is quantized again with the
 * same parameters is the codes themselves.
 */
export function pushDequantize(compilation: Compilation): void {
  for (const node of compilation.graph.nodes()) {
    const slots = movedSlots(node);
    if (slots && !GROWING.has(node.op)) push(node, slots, compilation);
    else cancel(node, compilation);
  }
}

function push(node: Node, slots: readonly number[], compilation: Compilation): void {
  const { graph } = compilation;
  const operands = slots.map((slot) => codesOf(node.input(slot), compilation));
  const [first] = operands;
  if (!first || !operands.every((operand) => operand && sameAffine(operand, first))) return;
  const dtype = compilation.dtypeOf(first.codes)!;
  if (!operands.every((operand) => compilation.dtypeOf(operand!.codes) === dtype)) return;
  // Pooled or padded codes must be uint8: padding is the zero point.
  if (dtype !== 'uint8' && node.op === 'MaxPool') return;
  const [scale, zero] = [first.node.input(1)!, first.node.input(2)];
  const before = slots.map((slot) => node.input(slot)!);
  slots.forEach((slot, i) => graph.setInput(node, slot, operands[i]!.codes));
  if (node.op === 'Pad' && node.string('mode', 'constant') === 'constant')
    graph.setInput(node, 2, scalar(compilation, 'padding', dtype, first.zeroPoint));
  for (const value of node.outputs) if (value) dequantizeBehind(node, value, [scale, zero], dtype, compilation);
  for (const value of before) prune(compilation, value);
}

const codesOf = (value: Value | undefined, compilation: Compilation): Dequantized | undefined =>
  dequantizedOf(value, compilation) ?? dequantizedOf(value, compilation, 'int8');

function dequantizeBehind(
  node: Node,
  value: Value,
  [scale, zero]: readonly [Value, Value | undefined],
  dtype: 'uint8' | string,
  compilation: Compilation,
): void {
  const { graph } = compilation;
  const codes = graph.detachOutput(value, `${value.name}_codes`);
  compilation.setType(codes, dtype === 'uint8' ? 'uint8' : 'int8', compilation.shapeOf(value));
  const anchor = node.next;
  if (anchor) {
    const real = addDequantize(compilation, anchor, [codes, scale, zero]);
    graph.setOutput(real.producer!, 0, value);
    return;
  }
  graph.add({ op: 'DequantizeLinear', inputs: [codes, scale, ...(zero ? [zero] : [])], outputs: [value] });
}

function cancel(node: Node, compilation: Compilation): void {
  const quantizer = quantizerOf(node, compilation);
  const real = quantizer && dequantizedOf(node.input(0), compilation);
  if (real && sameAffine(real, quantizer)) replaceByValue(compilation, node, real.codes);
}
