import type { Node } from '@gossamer/graph';

const words = (text: string): ReadonlySet<string> => new Set(text.split(/\s+/));

/** Operators that only move elements of input 0, or choose among them as order does. */
const FIRST = words(
  `DepthToSpace Expand Flatten Gather GatherElements GatherND Identity MaxPool Pad Reshape Slice SpaceToDepth Split Squeeze Tile Transpose
  Unsqueeze`,
);

/** Slots whose elements a node hands on as they are; undefined for a node that computes. */
export function movedSlots(node: Node): readonly number[] | undefined {
  if (node.domain !== '') return undefined;
  if (node.op === 'Concat') return node.inputs.map((_, slot) => slot);
  if (node.op === 'Resize') return node.string('mode', 'nearest') === 'nearest' ? [0] : undefined;
  if (node.op === 'MaxPool' && node.outputs[1]) return undefined;
  if (node.op === 'Pad' && node.string('mode', 'constant') === 'constant' && node.input(2)) return undefined;
  return FIRST.has(node.op) ? [0] : undefined;
}
