import { attribute } from '../../ir/attribute.js';
import { type Dim, equalDims } from '../../ir/dim.js';
import type { Node } from '../../ir/node.js';
import { Tensor } from '../../ir/tensor.js';
import type { Value } from '../../ir/value.js';
import { type AttentionMatch, matchAttention } from './match-attention.js';
import { definePass } from '../pass.js';
import type { PassContext } from '../pass-context.js';
import type { PassScope } from '../pass-scope.js';
import { MICROSOFT, requireMicrosoft } from '../pattern/require-microsoft.js';

/** Attention is an operator of the standard from this opset on. */
const LEAST_OPSET = 23;

/** Types that both operators take and ONNX Runtime has kernels for. */
const DTYPES: ReadonlySet<string> = new Set(['float16', 'float32']);

/**
 * Turns softmax(scale·Q·Kᵀ + mask)·V, with heads split off by Reshape and Transpose and joined again, into Attention of the standard. The
 * factor may stand on either operand, on both or on the product; earlier keys and values put before the new ones become its
 * cache. The projections stay layers of their own, so that they quantize. A mask of one row is expanded to the queries, which
 * ONNX Runtime asks for.
 *
 * Bound, to first order in u, with d the size of a head, T the number of keys, p the weights: a score errs by e = (d+4)·u·(scale·Σ|q·k| +
 * |mask|), taken where the mask leaves some weight; softmax makes that 2e and (T+8)·u relatively, the last product adds T·u. So
 * either form errs by (2e + (2T+8)·u)·Σp|v|, and the two differ by twice that at most.
 * Source: Vaswani et al. 2017, arXiv:1706.03762, section 3.2.
 */
export const fuseAttention = definePass({
  name: 'fuse-attention',
  exactness: 'reassociates',

  run(_model, context) {
    const rows = new ExpandedMasks(context);
    let changes = 0;
    for (const scope of context.scopes()) {
      for (const node of scope.graph.nodes()) {
        const found = matchAttention(node, context.types);
        if (!found || !isTyped(found, context) || !context.hasOperator(scope, 'Attention', LEAST_OPSET, node)) continue;
        const mask = found.mask && rows.of(found.mask, found, node, scope);
        if (found.mask && !mask) continue;
        replaceByAttention(found, mask);
        changes++;
      }
    }
    return { changes };
  },
});

function isTyped({ query, key, value, mask }: AttentionMatch, { types }: PassContext): boolean {
  const dtype = types.dtypeOf(query);
  const others = [key, value, ...(mask ? [mask] : [])];
  return dtype !== undefined && DTYPES.has(dtype) && others.every((item) => types.dtypeOf(item) === dtype);
}

function replaceByAttention(found: AttentionMatch, mask: Value | undefined): void {
  const { fragment, query, key, value, heads, scale, past } = found;
  fragment.replace({
    op: 'Attention',
    name: fragment.last.name,
    inputs: withoutTail([query, key, value, mask, ...(past ?? [])]),
    attributes: {
      q_num_heads: attribute.int(heads),
      kv_num_heads: attribute.int(heads),
      scale: attribute.float(scale),
    },
  });
}

/** Missing inputs at the end are not listed. */
function withoutTail(inputs: readonly (Value | undefined)[]): (Value | undefined)[] {
  return inputs.slice(0, inputs.findLastIndex((value) => value !== undefined) + 1);
}

/** Masks as ONNX Runtime takes them: rank 2 to 4, a row for each query and a column for each key. */
class ExpandedMasks {
  readonly #made: { readonly mask: Value; readonly sizes: readonly Dim[]; readonly expanded: Value }[] = [];

  constructor(private readonly context: PassContext) {}

  of(mask: Value, found: AttentionMatch, last: Node, scope: PassScope): Value | undefined {
    const dims = mask.constant?.dims ?? this.context.types.shapeOf(mask);
    const sizes = found.scores.slice(2);
    const hasAll = sizes.every((size, i) => equalDims(dims?.at(i - 2), size));
    if (hasAll) return mask;
    // One for all layers: what is made for the first lies before the others.
    const made = this.#made.find((entry) => {
      const isSame = entry.mask === mask && entry.expanded.graph === last.graph;
      return isSame && sizes.every((size, i) => equalDims(size, entry.sizes[i]));
    });
    if (made) return made.expanded;
    const expanded = expand(mask, found, last, scope);
    this.#made.push({ mask, sizes, expanded });
    return expanded;
  }
}

/** The mask with as many rows as there are queries, and as many columns as keys. */
function expand(mask: Value, { query, key, past, scores }: AttentionMatch, last: Node, scope: PassScope): Value {
  const { graph } = last;
  const before = { before: last };
  const name = `${mask.name}_expanded`;
  const add = (op: string, inputs: Value[], attributes = {}) =>
    graph.add({ op, inputs, outputs: [name], attributes }, before).output;
  const sizeOf = (value: Value, axis: number) =>
    add('Shape', [value], { start: attribute.int(axis), end: attribute.int(axis + 1) });
  const constant = (size: number) => scope.addConstant(name, Tensor.fromNumbers('int64', [1], [size]), before);
  const [queries, keys] = scores.slice(2);
  const rows = typeof queries === 'number' ? constant(queries) : sizeOf(query, 1);
  const columns = () => (past ? add('Add', [sizeOf(past[0], 2), sizeOf(key, 1)]) : sizeOf(key, 1));
  const target = [rows, typeof keys === 'number' ? constant(keys) : columns()];
  return add('Expand', [mask, add('Concat', target, { axis: attribute.int(0) })]);
}

/**
 * Turns the same without a mask into com.microsoft::MultiHeadAttention, for ONNX Runtime and opsets before 23. With a mask it took as long
 * as the operators it stands for, or longer, so those stay. The bound is that of fuse-attention.
 */
export const fuseMultiHeadAttention = definePass({
  name: 'fuse-multi-head-attention',
  exactness: 'reassociates',

  run(model, context) {
    let changes = 0;
    for (const scope of context.scopes()) {
      if (scope.opset >= LEAST_OPSET || context.mayRaise) continue;
      for (const node of scope.graph.nodes()) {
        const found = matchAttention(node, context.types);
        if (!found || found.mask || !isTyped(found, context) || !requireMicrosoft(model, scope)) continue;
        const { fragment, query, key, value, past, heads, scale } = found;
        const cache = past ? [undefined, undefined, undefined, ...past] : [];
        fragment.replace({
          op: 'MultiHeadAttention',
          domain: MICROSOFT,
          name: node.name,
          inputs: [query, key, value, ...cache],
          attributes: { num_heads: attribute.int(heads), scale: attribute.float(scale) },
        });
        changes++;
      }
    }
    return { changes };
  },
});
