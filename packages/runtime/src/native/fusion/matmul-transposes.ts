import { attribute, type Node } from '@gossamer/graph';
import { type Compilation, GOSSAMER } from '../compilation.js';
import { attributesOf, onlyReader, replaceNode } from '../edit/node-edits.js';

/** A Transpose of the last two axes before a MatMul of two activations, and a factor behind it, become part of it. */
export function matmulTransposes(compilation: Compilation): void {
  if (!compilation.has('MatMul')) return;
  for (const node of compilation.graph.nodes()) {
    if (!node.isStandard('MatMul') || compilation.dtypeOf(node.output) !== 'float32') continue;
    const [a, b] = [turnedOf(node, 0), turnedOf(node, 1)];
    const scale = factorBehind(node, compilation);
    if (!a && !b && !scale) continue;
    replaceNode(compilation, scale?.node ?? node, {
      op: 'MatMul',
      domain: GOSSAMER,
      name: node.name,
      inputs: [a ?? node.input(0), b ?? node.input(1)],
      attributes: {
        ...attributesOf(node),
        trans_a: attribute.int(a ? 1 : 0),
        trans_b: attribute.int(b ? 1 : 0),
        alpha: attribute.float(scale?.factor ?? 1),
      },
    });
  }
}

/** What a Transpose of the last two axes makes the operand of. */
function turnedOf(node: Node, slot: number) {
  const turn = node.input(slot)!.producer;
  const perm = turn?.isStandard('Transpose') ? turn.ints('perm', []) : [];
  const rank = perm.length;
  if (rank < 2 || onlyReader(turn!.output) !== node) return undefined;
  const isSwap = perm.every((axis, i) => axis === (i < rank - 2 ? i : i === rank - 2 ? rank - 1 : rank - 2));
  return isSwap ? turn!.input(0) : undefined;
}

function factorBehind(node: Node, compilation: Compilation): { node: Node; factor: number } | undefined {
  const product = onlyReader(node.output);
  if (!product?.isStandard('Mul') && !product?.isStandard('Div')) return undefined;
  const side = product.input(0) === node.output ? 1 : 0;
  const constant = product.input(side)!.constant;
  if (constant?.length !== 1 || constant.dims.length > (compilation.rankOf(node.output) ?? 0)) return undefined;
  if (product.op === 'Div' && side === 0) return undefined;
  return { node: product, factor: product.op === 'Mul' ? constant.item() : 1 / constant.item() };
}
