import { attribute, type Node, type Value } from '@gossamer/graph';
import type { Compilation } from '../compilation.js';
import { onlyReader, replaceNode } from '../edit/node-edits.js';

const SWAP_HEADS = '0,2,1,3';
const TURN_KEYS = '0,1,3,2';
const TURN_KEYS_AND_HEADS = '0,2,3,1';

/**
 * softmax(scale·Q·Kᵀ + mask)·V over batches and heads becomes one operator that never writes the scores; the Transposes that split heads
 * off and join them become the order in which it reads and writes, and heads of keys and values that are repeated for several heads of
 * queries are read where they are. Only where nothing else reads what lies between.
 */
export function fuseAttention(compilation: Compilation): void {
  if (!compilation.has('Attention4D')) return;
  for (const node of compilation.graph.nodes()) if (node.isStandard('MatMul')) fuse(node, compilation);
}

function fuse(mix: Node, compilation: Compilation): void {
  const softmax = made(mix.input(0), 'Softmax');
  const rank = compilation.rankOf(softmax?.output);
  if (!softmax || rank !== 4 || ![-1, 3].includes(softmax.int('axis', -1)) || onlyReader(softmax.output) !== mix)
    return;
  if (compilation.dtypeOf(mix.output) !== 'float32' || compilation.rankOf(mix.input(1)) !== 4) return;
  const masked = maskOf(softmax.input(0)!, softmax, compilation);
  const scores = masked && scaled(masked.scores, masked.reader, compilation);
  const product = scores && made(scores.value, 'MatMul');
  if (!product || onlyReader(product.output) !== scores.reader) return;
  const query = scaled(product.input(0)!, product, compilation);
  const key = keysOf(product.input(1)!, product, compilation);
  if (!key || compilation.rankOf(query.value) !== 4) return;
  const q = headsOf(query.value);
  const [k, v] = shared(key, headsOf(mix.input(1)!), compilation);
  const join = onlyReader(mix.output);
  const isJoined = join !== undefined && permOf(join) === SWAP_HEADS;
  const scale = Math.fround(scores.factor * query.factor * key.factor);
  replaceNode(compilation, isJoined ? join : mix, {
    op: 'Attention4D',
    name: mix.name,
    inputs: [q.value, k.value, v.value, ...(masked.mask ? [masked.mask] : [])],
    attributes: {
      scale: attribute.float(scale),
      q_layout: attribute.string(q.layout),
      k_layout: attribute.string(k.layout),
      v_layout: attribute.string(v.layout),
      y_layout: attribute.string(isJoined ? 'bshd' : 'bhsd'),
    },
  });
}

/** The node that makes `value`, where it is of the standard and called `op`. */
const made = (value: Value | undefined, op: string): Node | undefined =>
  value?.producer?.isStandard(op) === true ? value.producer : undefined;

const permOf = (node: Node): string | undefined =>
  node.isStandard('Transpose') ? node.ints('perm', []).join() : undefined;

interface Masked {
  readonly scores: Value;
  readonly mask: Value | undefined;
  readonly reader: Node;
}

/** The sum of scores and a mask that does not grow them; or scores alone. */
function maskOf(value: Value, softmax: Node, compilation: Compilation): Masked | undefined {
  const sum = made(value, 'Add');
  if (!sum) return { scores: value, mask: undefined, reader: softmax };
  if (onlyReader(value) !== softmax) return undefined;
  for (const side of [0, 1]) {
    const [scores, mask] = [sum.input(side)!, sum.input(1 - side)!];
    const isScore = made(scaled(scores, sum, compilation).value, 'MatMul') !== undefined;
    if (isScore && fits(mask, scores, compilation)) return { scores, mask, reader: sum };
  }
  return undefined;
}

function fits(mask: Value, scores: Value, compilation: Compilation): boolean {
  const [dims, shape] = [compilation.shapeOf(mask), compilation.shapeOf(scores)];
  if (!dims || shape?.length !== 4 || dims.length > 4 || compilation.dtypeOf(mask) !== 'float32') return false;
  return dims.every((dim, i) => {
    const own = shape[i + 4 - dims.length];
    return dim === 1 || (own !== 1 && (typeof dim !== 'number' || typeof own !== 'number' || dim === own));
  });
}

interface Scaled {
  readonly value: Value;
  readonly factor: number;
  /** What reads the value: the first of the products, or what reads their result. */
  readonly reader: Node;
}

/** Products and quotients with single constants, as one factor; nothing else may read what lies between. */
function scaled(value: Value, reader: Node, compilation: Compilation): Scaled {
  const node = made(value, 'Mul') ?? made(value, 'Div');
  if (!node || onlyReader(value) !== reader) return { value, factor: 1, reader };
  for (const side of node.op === 'Mul' ? [1, 0] : [1]) {
    const constant = node.input(side)!.constant;
    const rest = node.input(1 - side)!;
    if (constant?.length !== 1 || constant.dims.length > (compilation.rankOf(rest) ?? 0)) continue;
    const inner = scaled(rest, node, compilation);
    const factor = node.op === 'Mul' ? constant.item() : 1 / constant.item();
    return { ...inner, factor: inner.factor * factor };
  }
  return { value, factor: 1, reader };
}

interface Heads {
  readonly value: Value;
  readonly layout: 'bhsd' | 'bshd';
}

/** [batch, heads, positions, size], or what a Transpose makes that of. */
function headsOf(value: Value): Heads {
  const turn = value.producer;
  return turn && permOf(turn) === SWAP_HEADS ? { value: turn.input(0)!, layout: 'bshd' } : { value, layout: 'bhsd' };
}

/** Keys and values as they are before each head is repeated, where both are alike. */
function shared(key: Heads, value: Heads, compilation: Compilation): readonly [Heads, Heads] {
  const [k, v] = [key, value].map((heads) =>
    heads.layout === 'bhsd' ? unrepeated(heads.value, compilation) : undefined,
  );
  if (!k || !v || compilation.shapeOf(k)![1] !== compilation.shapeOf(v)![1]) return [key, value];
  return [headsOf(k), headsOf(v)];
}

/** [b, h, s, d], where `value` is that as [b, h, 1, s, d], expanded to [b, h, r, s, d] and seen as [b, h · r, s, d]. */
function unrepeated(value: Value, compilation: Compilation): Value | undefined {
  const expand = made(made(value, 'Reshape')?.input(0), 'Expand');
  const split = made(expand?.input(0), 'Unsqueeze') ?? made(expand?.input(0), 'Reshape');
  const base = split?.input(0);
  const [b, h, s, d] = compilation.shapeOf(base) ?? [];
  const times = compilation.shapeOf(expand?.output)?.[2];
  if (!base || compilation.rankOf(base) !== 4 || typeof h !== 'number' || typeof times !== 'number') return undefined;
  const is = (made: Value, dims: readonly unknown[]) => {
    const shape = compilation.shapeOf(made);
    return (
      shape?.length === dims.length && shape.every((dim, i) => dim !== undefined && String(dim) === String(dims[i]))
    );
  };
  const isRepeated =
    is(split!.output, [b, h, 1, s, d]) && is(expand!.output, [b, h, times, s, d]) && is(value, [b, h * times, s, d]);
  return isRepeated ? base : undefined;
}

/** K behind its turn, with the factor on either side of it. */
function keysOf(value: Value, product: Node, compilation: Compilation): (Heads & { factor: number }) | undefined {
  const outer = scaled(value, product, compilation);
  const turn = outer.value.producer;
  const perm = turn && permOf(turn);
  if (!turn || compilation.rankOf(outer.value) !== 4) return undefined;
  if (perm === TURN_KEYS_AND_HEADS) return { value: turn.input(0)!, layout: 'bshd', factor: outer.factor };
  if (perm !== TURN_KEYS) return undefined;
  const inner = scaled(turn.input(0)!, turn, compilation);
  return { ...headsOf(inner.value), factor: outer.factor * inner.factor };
}
