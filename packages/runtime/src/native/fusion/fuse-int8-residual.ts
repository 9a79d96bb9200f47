import { attribute, equalDims, type Node } from '@gossamer/graph';
import { type Compilation, GOSSAMER } from '../compilation.js';
import { attributesOf, onlyReader, replaceNode } from '../edit/node-edits.js';

/**
 * The sum of an integer layer's codes and other codes of the same shape becomes part of the layer, which then sums while its result is in
 * registers; not in fixed point, where a sum is an operator of its own. Sums are rounded as the engine's residual is (native/kernels/linear.h): at most one code from DequantizeLinear, Add, QuantizeLinear.
 */
export function fuseInt8Residual(compilation: Compilation): void {
  if (compilation.requantize === 'fixed-point') return;
  for (const sum of compilation.graph.nodes()) {
    if (sum.domain !== GOSSAMER || sum.op !== 'Int8Binary' || sum.string('operation', '') !== 'add') continue;
    const layers = [0, 1].filter((slot) => isLayer(sum, slot, compilation));
    // Of two layers the later one: the other's result is there by then.
    const slot = layers.length === 2 && isBefore(sum.input(1)!.producer!, sum.input(0)!.producer!) ? 0 : layers.at(-1);
    if (slot !== undefined) fuse(sum, slot, compilation);
  }
}

function isLayer(sum: Node, slot: number, compilation: Compilation): boolean {
  const [value, other] = [sum.input(slot)!, sum.input(1 - slot)!];
  const layer = value.producer;
  if (layer?.domain !== GOSSAMER || (layer.op !== 'Int8Conv' && layer.op !== 'Int8Linear')) return false;
  if (layer.string('result', '') !== 'quantized' || layer.input(3) || onlyReader(value) !== sum) return false;
  if (layer.int('y_zero_point', 0) !== sum.int(`${side(slot)}_zero_point`, 0)) return false;
  const [own, shape] = [compilation.shapeOf(value), compilation.shapeOf(other)];
  return own !== undefined && own.length === shape?.length && own.every((dim, axis) => equalDims(dim, shape[axis]));
}

const side = (slot: number) => (slot === 0 ? 'a' : 'b');

function isBefore(first: Node, second: Node): boolean {
  for (let node: Node | undefined = second; node; node = node.previous) if (node === first) return true;
  return false;
}

function fuse(sum: Node, slot: number, compilation: Compilation): void {
  const layer = sum.input(slot)!.producer!;
  const [own, other] = [side(slot), side(1 - slot)];
  const yScale = sum.float('y_scale', 1);
  const inputs = [...layer.inputs];
  while (inputs.length < 4) inputs.push(undefined);
  inputs[3] = sum.input(1 - slot);
  replaceNode(compilation, sum, {
    op: layer.op,
    name: layer.name,
    inputs,
    attributes: {
      ...attributesOf(layer),
      own_ratio: attribute.float(sum.float(`${own}_scale`, 1) / yScale),
      residual_ratio: attribute.float(sum.float(`${other}_scale`, 1) / yScale),
      residual_zero_point: attribute.int(sum.int(`${other}_zero_point`, 0)),
      sum_zero_point: attribute.int(sum.int('y_zero_point', 0)),
      sum_low: attribute.int(sum.int('low', 0)),
      sum_high: attribute.int(sum.int('high', 255)),
    },
  });
}
