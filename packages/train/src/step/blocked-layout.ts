import {
  attribute,
  type Graph,
  inferTypes,
  type Model,
  type Node,
  Tensor,
  type TypeTable,
  type Value,
} from '@gossamer/graph';

/** ONNX Runtime's own operators on blocks of channels, which it uses by itself only where weights are constant. */
const DOMAIN = 'com.microsoft.nchwc';

/**
 * Rewrites convolutions of `model`, in place, to ONNX Runtime's operators on blocks of `block` channels: those of images, without groups, whose
 * channels are whole blocks. Weights are laid out by the graph, at every run. Returns how many were rewritten. For ONNX Runtime on x64 alone.
 */
export function useBlockedLayout(model: Model, block: number): number {
  const types = inferTypes(model);
  let count = 0;
  for (const node of [...model.graph.nodes()]) {
    const shape = blockedShape(node, types, block);
    if (!shape) continue;
    rewrite(model.graph, node, shape, block);
    count++;
  }
  if (count > 0) model.opsets.set(DOMAIN, 1);
  return count;
}

/** Shape [O, I, kH, kW] of the weights of a convolution that can be rewritten. */
function blockedShape(node: Node, types: TypeTable, block: number): readonly number[] | undefined {
  const isPlain = node.isStandard('Conv') && node.int('group', 1) === 1 && !node.output.isOutput;
  if (!isPlain || node.string('auto_pad', 'NOTSET') !== 'NOTSET') return undefined;
  const shape = types.staticShapeOf(node.inputs[1]!);
  const fits = shape?.length === 4 && shape[0]! % block === 0 && shape[1]! % block === 0;
  return fits ? shape : undefined;
}

function rewrite(graph: Graph, node: Node, shape: readonly number[], block: number): void {
  const [x, w, bias] = node.inputs as [Value, Value, Value | undefined];
  const [o, i, h, width] = shape as [number, number, number, number];
  let added = 0;
  const before = (op: string, inputs: readonly Value[], attributes = {}, domain = '') =>
    graph.add(
      { op, domain, name: `${node.name}/blocked${++added}`, inputs, outputs: [`${node.name}/${op}_out`], attributes },
      { before: node },
    ).output;
  const integers = (list: readonly number[]) =>
    graph.addInitializer(graph.uniqueName('blocks'), Tensor.fromNumbers('int64', [list.length], list));
  // OIHW to O/b I/b H W b(i) b(o).
  const split = before('Reshape', [w, integers([o / block, block, i / block, block, h, width])]);
  const turned = before('Transpose', [split], { perm: attribute.ints([0, 2, 4, 5, 3, 1]) });
  const laid = before('Reshape', [turned, integers(shape)]);
  const blocks = before('ReorderInput', [x], {}, DOMAIN);
  const attributes = Object.fromEntries([...node.attributes].map(([name, { content }]) => [name, content]));
  const made = before('Conv', bias ? [blocks, laid, bias] : [blocks, laid], attributes, DOMAIN);
  const back = before('ReorderOutput', [made], { channels: attribute.int(o) }, DOMAIN);
  graph.replaceUses(node.output, back);
  graph.remove(node);
}
