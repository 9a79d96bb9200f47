import type { TypeTable } from '../../inference/type-table.js';
import { type Dim, equalDims } from '../../ir/dim.js';
import type { Node } from '../../ir/node.js';
import type { Value } from '../../ir/value.js';
import { Fragment } from '../pattern/fragment.js';
import { scalarConstant } from '../pattern/scalar-constant.js';

/** softmax(scale·Q·Kᵀ + mask)·V over heads that are split from, and joined to, the last axis of rank 3 tensors. */
export interface AttentionMatch {
  readonly fragment: Fragment;
  /** [batch, queries, heads · size]; [batch, new keys, heads · size] each. */
  readonly query: Value;
  readonly key: Value;
  readonly value: Value;
  readonly heads: number;
  readonly scale: number;
  /** Added to the scores [batch, heads, queries, keys]; it broadcasts to them. */
  readonly mask: Value | undefined;
  /** Keys and values of earlier steps, [batch, heads, steps, size], put before the new ones; what they give together is kept. */
  readonly past: readonly [Value, Value] | undefined;
  /** Sizes of the scores. */
  readonly scores: readonly Dim[];
}

const SPLIT = [0, 2, 1, 3];
const SPLIT_TURNED = [0, 2, 3, 1];
const TURN = [0, 1, 3, 2];

/** Reads `last`, a Reshape that joins the heads, as the end of an attention; undefined where it is none, or only nearly one. */
export function matchAttention(last: Node, types: TypeTable): AttentionMatch | undefined {
  return last.isStandard('Reshape') ? new AttentionMatcher(last, types).match() : undefined;
}

/** A part of the scores, and the number it was multiplied with. */
interface Scaled {
  readonly value: Value;
  readonly factor: number;
}

/** Q, K or V before its heads were split off. */
interface Heads {
  readonly source: Value;
  readonly past: Value | undefined;
  /** [batch, steps, heads, size]. */
  readonly split: readonly Dim[];
}

class AttentionMatcher {
  readonly #fragment: Fragment;

  constructor(
    private readonly last: Node,
    private readonly types: TypeTable,
  ) {
    this.#fragment = new Fragment(last);
  }

  match(): AttentionMatch | undefined {
    const turned = this.#transpose(this.last.input(0), SPLIT);
    const mix = turned && this.#fragment.take(turned, 'MatMul');
    const softmax = mix && this.#fragment.take(mix.input(0), 'Softmax');
    const shape = softmax && this.types.shapeOf(softmax.output);
    if (!mix || !softmax || shape?.length !== 4 || ![-1, 3].includes(softmax.int('axis', -1))) return undefined;
    const { scaled, mask } = this.#masked(softmax, mix.input(1)!);
    const product = this.#fragment.take(scaled.value, 'MatMul');
    const query = product && this.#scaled(product.input(0)!);
    const key = product && this.#scaled(product.input(1)!);
    if (!query || !key) return undefined;
    const q = this.#heads(query.value, SPLIT);
    const k = this.#keys(key.value);
    const v = this.#heads(mix.input(1), SPLIT);
    if (!q || !k || !v || q.past || !k.past !== !v.past || !this.#isJoined(q, v)) return undefined;
    const heads = q.split[2];
    const isSame = [k, v].every(({ split }) => equalDims(split[2], heads) && equalDims(split[0], q.split[0]));
    const scale = scaled.factor * query.factor * key.factor * k.factor;
    if (typeof heads !== 'number' || !isSame || !(scale > 0) || !this.#fragment.isClosed) return undefined;
    const past = k.past && v.past ? ([k.past, v.past] as const) : undefined;
    const sources = { query: q.source, key: k.source, value: v.source };
    const scores = this.types.shapeOf(product!.output);
    return scores && { fragment: this.#fragment, ...sources, heads, scale, mask, past, scores };
  }

  /**
   * The sum of scaled scores and a mask that broadcasts to them, or the scores alone. How many columns the mask has may be unknown: what
   * is multiplied with V, [batch, heads, keys, size], has as many as there are keys.
   */
  #masked(softmax: Node, value: Value): { scaled: Scaled; mask: Value | undefined } {
    const sum = softmax.input(0)!;
    const add = sum.producer?.isStandard('Add') ? sum.producer : undefined;
    const keys = this.types.shapeOf(value)?.[2];
    for (const side of [0, 1]) {
      const [scores, mask] = [add?.input(side), add?.input(1 - side)];
      const dims = mask && (mask.constant?.dims ?? this.types.shapeOf(mask));
      const shape = scores && this.types.shapeOf(scores);
      if (!dims || dims.length > 4 || shape?.length !== 4) continue;
      const fits = dims.every((dim, i) => {
        const own = shape[i + 4 - dims.length];
        return dim === 1 || equalDims(dim, own) || (dim === undefined && i === dims.length - 1 && equalDims(own, keys));
      });
      const scaled = fits ? this.#scaled(scores!) : undefined;
      if (!scaled?.value.producer?.isStandard('MatMul')) continue;
      this.#fragment.take(sum, 'Add');
      return { scaled, mask };
    }
    return { scaled: this.#scaled(sum), mask: undefined };
  }

  /** Products and quotients with numbers, as one factor. */
  #scaled(value: Value): Scaled {
    const node = value.producer;
    if (value.uses.length !== 1 || !(node?.isStandard('Mul') || node?.isStandard('Div'))) return { value, factor: 1 };
    for (const side of node.op === 'Mul' ? [0, 1] : [0]) {
      const rest = node.input(side);
      const number = rest && scalarConstant(node.input(1 - side), rest, this.types);
      if (!rest || number === undefined || !this.#fragment.take(value, node.op)) continue;
      const inner = this.#scaled(rest);
      return { value: inner.value, factor: inner.factor * (node.op === 'Mul' ? number : 1 / number) };
    }
    return { value, factor: 1 };
  }

  /** K behind its turn: one Transpose, or a second one behind the factor or the cache. */
  #keys(value: Value): (Heads & { readonly factor: number }) | undefined {
    const direct = this.#heads(value, SPLIT_TURNED);
    if (direct) return { ...direct, factor: 1 };
    const inner = this.#transpose(value, TURN);
    const scaled = inner && this.#scaled(inner);
    const found = scaled && this.#heads(scaled.value, SPLIT);
    return found && { ...found, factor: scaled.factor };
  }

  /** Transpose of a Reshape that splits the last axis of rank 3, behind a cache where there is one. */
  #heads(value: Value | undefined, perm: readonly number[]): Heads | undefined {
    const node = value?.producer;
    const joined = perm === SPLIT && node?.isStandard('Concat') && node.inputs.length === 2 ? node : undefined;
    if (joined) {
      const past = joined.input(0);
      if (![2, -2].includes(joined.int('axis', 0)) || !past) return undefined;
      if (!this.#fragment.take(value, 'Concat')) return undefined;
      this.#fragment.keep(joined);
      const fresh = this.#heads(joined.input(1), perm);
      return fresh && !fresh.past ? { ...fresh, past } : undefined;
    }
    const split = this.#transpose(value, perm);
    const reshape = split && this.#fragment.take(split, 'Reshape');
    const source = reshape?.input(0);
    const [whole, parts] = [source, split].map((item) => item && this.types.shapeOf(item));
    if (!source || whole?.length !== 3 || parts?.length !== 4) return undefined;
    return isSplit(whole, parts, reshape!) ? { source, past: undefined, split: parts } : undefined;
  }

  /** The value that is transposed by `perm`. */
  #transpose(value: Value | undefined, perm: readonly number[]): Value | undefined {
    const given = value?.producer?.isStandard('Transpose') ? value.producer.ints('perm', undefined) : undefined;
    return given?.join() === perm.join() ? this.#fragment.take(value, 'Transpose')?.input(0) : undefined;
  }

  /** The result is [batch, queries, heads · size of V]. */
  #isJoined(q: Heads, v: Heads): boolean {
    const whole = this.types.shapeOf(this.last.output);
    const parts = [q.split[0], q.split[1], v.split[2], v.split[3]];
    return whole?.length === 3 && isSplit(whole, parts, this.last);
  }
}

/**
 * True when [b, s, w] and [b', s', h, d] hold the same rows: w = h·d, and one of the first two sizes agrees, so that the other does. A 0 in
 * the target of the Reshape copies a size.
 */
function isSplit(whole: readonly Dim[], parts: readonly Dim[], reshape: Node): boolean {
  const [heads, size] = parts.slice(2);
  if (typeof heads !== 'number' || typeof size !== 'number' || whole[2] !== heads * size) return false;
  const target = reshape.int('allowzero', 0) === 0 ? reshape.input(1)?.constant?.toIntegers() : undefined;
  return [0, 1].some((axis) => target?.[axis] === 0 || equalDims(whole[axis], parts[axis]));
}
