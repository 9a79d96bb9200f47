import { concatenation } from '../../concatenation.js';
import type { Operand } from '../../operand.js';
import { normalAxes } from '../../reduction.js';
import { defineOp, defineOps, definePlain, type TfNode } from '../tf-node.js';

function concat(node: TfNode, operands: readonly Operand[], axis: Operand | undefined): Operand {
  const [at] = axis ? node.e.knownInts(axis, 'axis') : [];
  if (at === undefined) throw node.error('axis', 'one integer', 'none');
  return concatenation(node.e, operands, at);
}

export const joinOps = [
  defineOp('ConcatV2', (node) => concat(node, node.operands.slice(0, -1), node.operands.at(-1))),
  defineOp('Concat', (node) => concat(node, node.operands.slice(1), node.operands[0])),
  definePlain('Pack', (node) => {
    const { e } = node;
    const axis = node.def.int('axis', 0);
    const parts = node.operands.map((operand) => e.op('Unsqueeze', [e.plain(operand), e.int64([axis])]));
    return parts.length === 1 ? parts[0]! : e.op('Concat', parts, { axis });
  }),
  defineOps('Unpack', (node) => {
    const { e } = node;
    const rank = e.rankOf(node.operand(0));
    const [axis] = normalAxes(e, [node.def.int('axis', 0)], rank);
    const count = node.def.int('num', undefined) ?? e.shapeOf(node.operand(0))![axis!];
    if (typeof count !== 'number') throw node.error('num', 'a known number of parts', String(count));
    checkCount(node, count);
    const parts = split(node, axis!, count, node.e.int64(Array.from({ length: count }, () => 1)));
    return parts.map((part) => e.op('Squeeze', [part, e.int64([axis!])]));
  }),
  defineOps('Split', (node) => {
    const { e } = node;
    const count = node.def.int('num_split', 1);
    const [axis] = normalAxes(e, [node.int(0, 'axis')], e.rankOf(node.operand(1)));
    checkCount(node, count);
    return e.ops('Split', [node.plain(1)], { axis: axis!, num_outputs: count }, count);
  }),
  defineOps('SplitV', (node) => {
    const sizes = node.ints(1, 'sizes');
    const rank = node.e.rankOf(node.operand(0));
    const [axis] = normalAxes(node.e, [node.int(2, 'axis')], rank);
    return split(node, axis!, sizes.length, node.e.int64(known(node, sizes, axis!)));
  }),
];

/** A single -1 takes what the other parts leave. */
function known(node: TfNode, sizes: readonly number[], axis: number): number[] {
  if (!sizes.includes(-1)) return [...sizes];
  const whole = node.e.shapeOf(node.operand(0))![axis];
  if (typeof whole !== 'number') throw node.error('sizes', 'known parts', `[${sizes.join(', ')}]`);
  const rest = whole - sizes.reduce((sum, size) => sum + (size === -1 ? 0 : size), 0);
  return sizes.map((size) => (size === -1 ? rest : size));
}

/** More parts than this are refused: each is an output. */
const MAX_PARTS = 16_384;

function checkCount(node: TfNode, count: number): void {
  if (!(count >= 1 && count <= MAX_PARTS)) throw node.error('parts', `1 to ${MAX_PARTS}`, count);
}

function split(node: TfNode, axis: number, count: number, sizes: ReturnType<TfNode['plain']>) {
  checkCount(node, count);
  return node.e.ops('Split', [node.plain(0), sizes], { axis }, count);
}
