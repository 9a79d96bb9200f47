import type { BinaryCoder } from './binary-coder.js';

/** Bound once: looking Math up costs in the innermost loops of a vm context. */
const { floor } = Math;

/** Decisions after which the slow estimate of a context adapts at its slowest, and the fast one. */
const SLOW_COUNT = 1023;
const FAST_COUNT = 150;

/** Step towards the bit seen after `count` decisions, so that what is new learns at once. */
const STEPS = Float64Array.from({ length: SLOW_COUNT + 1 }, (_, count) => 1 / (count + 1.6));

/**
 * Adaptive probabilities of binary decisions, one a context: the mean of a fast and a slow estimate. Contexts are indices the caller
 * gives out; all begin at 1/2. Estimates are float32 and steps float64, which round alike everywhere.
 */
export class BitModels {
  /** In 1/65536. */
  #fast: Float32Array;
  #slow: Float32Array;
  #count: Uint16Array;

  constructor(contexts: number) {
    this.#fast = new Float32Array(contexts).fill(32768);
    this.#slow = new Float32Array(contexts).fill(32768);
    this.#count = new Uint16Array(contexts);
  }

  /** Probability of a 1 in `context`, in 1/65536, within [16, 65520]. */
  p1(context: number): number {
    const p = floor(0.5 * (this.#fast[context]! + this.#slow[context]!));
    return p < 16 ? 16 : p > 65520 ? 65520 : p;
  }

  /** Decisions seen in `context`, at most 1023. */
  count(context: number): number {
    return this.#count[context]!;
  }

  /** Another one that has seen the same. */
  clone(): BitModels {
    const copy = new BitModels(0);
    copy.#fast = this.#fast.slice();
    copy.#slow = this.#slow.slice();
    copy.#count = this.#count.slice();
    return copy;
  }

  /** Takes what was seen so far for `limit` decisions a context at most, so that what comes counts more. */
  relax(limit: number): void {
    for (let i = 0; i < this.#count.length; i++) if (this.#count[i]! > limit) this.#count[i] = limit;
  }

  /** Takes in that `bit` was seen in `context`. */
  update(context: number, bit: number): void {
    const count = this.#count[context]!;
    const target = bit === 1 ? 65536 : 0;
    const fast = this.#fast[context]!;
    const slow = this.#slow[context]!;
    this.#fast[context] = fast + (target - fast) * STEPS[count < FAST_COUNT ? count : FAST_COUNT]!;
    this.#slow[context] = slow + (target - slow) * STEPS[count]!;
    if (count < SLOW_COUNT) this.#count[context] = count + 1;
  }

  /** Codes `bit` in `context` and learns from it. */
  code(coder: BinaryCoder, context: number, bit: number): number {
    const seen = coder.code(this.p1(context), bit);
    this.update(context, seen);
    return seen;
  }

  /** Codes the low `bits` bits of `value` as a walk down a binary tree; uses 2^bits contexts from `base` on. */
  codeTree(coder: BinaryCoder, base: number, bits: number, value: number): number {
    let node = 1;
    for (let i = bits - 1; i >= 0; i--) node = (node << 1) | this.code(coder, base + node, (value >>> i) & 1);
    return node - (1 << bits);
  }
}
