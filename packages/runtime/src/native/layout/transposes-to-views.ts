import { Tensor } from '@gossamer/graph';
import type { Compilation } from '../compilation.js';
import { replaceNode } from '../edit/node-edits.js';

/**
 * A Transpose that only moves axes of size 1 becomes Squeeze and Unsqueeze, which are other names for the same bytes: the first
 * Transpose of an image with one channel, the last one behind a global pool.
 */
export function transposesToViews(compilation: Compilation): void {
  const { graph } = compilation;
  for (const node of graph.nodes()) {
    const perm = node.isStandard('Transpose') ? node.ints('perm', undefined) : undefined;
    const shape = compilation.shapeOf(node.input(0));
    if (!perm || shape?.length !== perm.length) continue;
    const stays = perm.filter((axis) => shape[axis] !== 1);
    if (stays.some((axis, i) => i > 0 && axis < stays[i - 1]!)) continue;
    const from = shape.flatMap((dim, axis) => (dim === 1 ? [axis] : []));
    const to = perm.flatMap((axis, index) => (shape[axis] === 1 ? [index] : []));
    const axes = (name: string, list: readonly number[]) =>
      graph.addInitializer(`${node.output.name}_${name}`, Tensor.fromNumbers('int64', [list.length], list));
    const squeezed = graph.add(
      { op: 'Squeeze', inputs: [node.input(0), axes('from', from)], outputs: [`${node.output.name}_squeezed`] },
      { before: node },
    ).output;
    compilation.setType(
      squeezed,
      compilation.dtypeOf(node.input(0)),
      shape.filter((dim) => dim !== 1),
    );
    replaceNode(compilation, node, { op: 'Unsqueeze', domain: '', inputs: [squeezed, axes('to', to)] });
  }
}
