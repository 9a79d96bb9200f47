import type { Value } from '@gossamer/graph';
import type { Emitter } from '../emit/emitter.js';
import { findLowering } from '../lowering/registry.js';

/** What a lowering puts in place of the node that made `value`: its outputs, whose shapes and types must be those of the node's. */
export function lowered(g: Emitter, value: Value): readonly (Value | undefined)[] {
  const node = value.producer!;
  const made = findLowering(node)?.lower(g, node, node.inputs);
  if (!made) throw new Error(`${node.kind}: expected an operator that is lowered`);
  node.outputs.forEach((output, i) => {
    if (!output || !made[i]) return;
    expect(g.shape(made[i])).toEqual(g.shape(output));
    expect(g.dtype(made[i])).toBe(g.dtype(output));
  });
  return made;
}
