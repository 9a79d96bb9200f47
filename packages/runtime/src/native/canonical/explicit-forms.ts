import { attribute, type Node, Tensor } from '@gossamer/graph';
import type { Compilation } from '../compilation.js';
import { replaceNode } from '../edit/node-edits.js';

/**
 * Writes out what the standard leaves to the operator, so that later passes see one form: permutations and padding as numbers, pools over
 * everything as reductions.
 */
export function explicitForms(compilation: Compilation): void {
  for (const node of compilation.graph.nodes()) {
    if (node.domain !== '') continue;
    if (node.op === 'Transpose') namePermutation(node, compilation);
    if (WINDOWED.has(node.op)) resolvePadding(node, compilation);
    if (node.op === 'GlobalAveragePool') reduceSpatial(node, 'ReduceMean', compilation);
    if (node.op === 'GlobalMaxPool') reduceSpatial(node, 'ReduceMax', compilation);
  }
}

const WINDOWED: ReadonlySet<string> = new Set(['Conv', 'ConvInteger', 'MaxPool', 'AveragePool']);

function namePermutation(node: Node, compilation: Compilation): void {
  const rank = node.has('perm') ? undefined : compilation.rankOf(node.input(0));
  if (rank === undefined) return;
  const reversed = Array.from({ length: rank }, (_, axis) => rank - 1 - axis);
  compilation.graph.setAttribute(node, 'perm', attribute.ints(reversed));
}

function resolvePadding(node: Node, compilation: Compilation): void {
  const mode = node.string('auto_pad', 'NOTSET');
  if (mode === 'NOTSET') return;
  const { graph } = compilation;
  const kernel = node.ints('kernel_shape', undefined) ?? compilation.shapeOf(node.input(1))?.slice(2);
  if (!kernel?.every((size) => typeof size === 'number')) return;
  const sizes = compilation.shapeOf(node.input(0))?.slice(2);
  const begins: number[] = [];
  const ends: number[] = [];
  for (const [axis, size] of kernel.entries()) {
    const total = mode === 'VALID' ? 0 : samePadding(node, axis, size, sizes?.[axis]);
    if (total === undefined) return;
    const half = Math.floor(total / 2);
    begins.push(mode === 'SAME_LOWER' ? total - half : half);
    ends.push(mode === 'SAME_LOWER' ? half : total - half);
  }
  graph.setAttribute(node, 'auto_pad', undefined);
  graph.setAttribute(node, 'pads', attribute.ints([...begins, ...ends]));
}

/** Rows of padding that give ceil(size / stride) results; undefined where that depends on a size that is not known. */
function samePadding(node: Node, axis: number, kernel: number, size: unknown): number | undefined {
  const stride = node.ints('strides', undefined)?.[axis] ?? 1;
  const reach = (node.ints('dilations', undefined)?.[axis] ?? 1) * (kernel - 1) + 1;
  if (stride === 1) return reach - 1;
  if (typeof size !== 'number') return undefined;
  return Math.max((Math.ceil(size / stride) - 1) * stride + reach - size, 0);
}

function reduceSpatial(node: Node, op: string, compilation: Compilation): void {
  const rank = compilation.rankOf(node.input(0));
  if (rank === undefined || rank < 3) return;
  const axes = Tensor.fromNumbers(
    'int64',
    [rank - 2],
    Array.from({ length: rank - 2 }, (_, i) => i + 2),
  );
  const input = compilation.graph.addInitializer(`${node.output.name}_axes`, axes);
  replaceNode(compilation, node, {
    op,
    domain: '',
    inputs: [node.input(0), input],
    attributes: { keepdims: attribute.int(1) },
  });
}
