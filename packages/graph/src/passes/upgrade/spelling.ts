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

/** Integers are not taken any more. */
function erf13(_node: Node, step: UpgradeStep): void {
  if (!isFloat(step.dtype(0))) step.refuse(`input of ${step.dtype(0)}`);
}

/** Where the text about padding changed sides between the two versions, an old file may mean either. */
function convTranspose11(node: Node, step: UpgradeStep): void {
  const mode = node.string('auto_pad', 'NOTSET');
  if (node.has('output_shape') || mode.startsWith('SAME')) step.refuse('padding computed from the output shape');
}

/** Operators and attributes with another name, default or domain. */
export const spellingAdapters: readonly Adapter[] = [
  defineAdapter('Scatter', 11, scatter11),
  defineAdapter('RoiAlign', 16, roiAlign16),
  defineAdapter('GridSample', 20, gridSample20),
  defineAdapter('Split', 18, split18),
  defineAdapter('Erf', 13, erf13),
  defineAdapter('ConvTranspose', 11, convTranspose11),
];
