import { isFloat } from '../../dtype.js';
import { attribute } from '../../ir/attribute.js';
import type { Node } from '../../ir/node.js';
import { type Adapter, defineAdapter, type UpgradeStep } from './adapter.js';

const setString = (node: Node, name: string, text: string) =>
  node.graph.setAttribute(node, name, attribute.string(text));

function scatter11(node: Node): void {
  node.graph.retarget(node, { op: 'ScatterElements' });
}

/** The default moved to 'half_pixel'. */
function roiAlign16(node: Node): void {
  setString(node, 'coordinate_transformation_mode', 'output_half_pixel');
}

function gridSample20(node: Node): void {
  const names: Readonly<Record<string, string>> = { bilinear: 'linear', bicubic: 'cubic' };
  const mode = node.string('mode', 'bilinear');
  setString(node, 'mode', names[mode] ?? mode);
}

/** The number of parts is an attribute where their sizes are not given. */
function split18(node: Node): void {
  if (!node.input(1)) node.graph.setAttribute(node, 'num_outputs', attribute.int(node.outputs.length));
}

/**
 * Padding computed from the output shape: the text changed the side that gets the odd pixel, so an old file may mean either, and what
 * SAME is the same as. Both readings agree where the padding is even and the output shape is given, or the stride is 1.
 */
function convTranspose11(node: Node, step: UpgradeStep): void {
  const isSame = node.string('auto_pad', 'NOTSET').startsWith('SAME');
  const wanted = node.ints('output_shape', undefined);
  if (!wanted && !isSame) return;
  const rank = (step.rank() ?? step.refuse('padding computed for an unknown rank')) - 2;
  const each = (name: string, fallback: number) => node.ints(name, new Array<number>(rank).fill(fallback));
  const [strides, dilations, extra] = [each('strides', 1), each('dilations', 1), each('output_padding', 0)];
  if (!wanted && strides.some((stride) => stride !== 1)) step.refuse('an output size that SAME leaves open');
  for (let axis = 0; axis < rank; axis++) {
    const size = step.size(axis + 2) ?? step.refuse('padding computed for an unknown size');
    const kernel = step.size(axis + 2, 1) ?? step.refuse('padding computed for an unknown kernel');
    const full = strides[axis]! * (size - 1) + extra[axis]! + (kernel - 1) * dilations[axis]! + 1;
    const total = full - (wanted ? wanted.at(axis - rank)! : size);
    if (total % 2 !== 0) step.refuse(`a computed padding of ${total}, which has two sides`);
  }
}

/** Integers are not taken any more. */
function floatsOnly(_node: Node, step: UpgradeStep): void {
  if (!isFloat(step.dtype(0))) step.refuse(`input of ${step.dtype(0)}`);
}

/** Operators and attributes with another name, default or domain. */
export const spellingAdapters: readonly Adapter[] = [
  defineAdapter('Scatter', 11, scatter11),
  defineAdapter('RoiAlign', 16, roiAlign16),
  defineAdapter('GridSample', 20, gridSample20),
  defineAdapter('Split', 18, split18),
  defineAdapter('Erf', 13, floatsOnly),
  defineAdapter(['ReduceLogSum', 'ReduceLogSumExp'], 28, floatsOnly),
  defineAdapter('ConvTranspose', 11, convTranspose11),
];
