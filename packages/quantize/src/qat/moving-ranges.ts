import { roundHalfEven, Tensor, type Value } from '@gossamer/graph';
import type { Emitter, RunningState } from '@gossamer/train';
import { type ActivationGrid, activationMax } from './grids.js';

/** What a range keeps of itself at each pass. Jacob et al. smooth "across thousands of training steps"; 0.99 forgets half in 69. */
const MOMENTUM = 0.99;
/** A range of nothing but zeros has this step. */
const LEAST_SCALE = 2 ** -40;

/** Running states of the form: the ends of a range, and how many passes have been seen. */
const lowOf = (value: string): string => `range-low/${value}`;
const highOf = (value: string): string => `range-high/${value}`;
const PASSES = 'range-passes';
const nextOf = (state: string): string => `${state}/next`;

/**
 * Ranges of activations that follow what is seen: exponential moving averages of each batch's minimum and maximum, 0 among them, during the first
 * `watched` passes; afterwards they stay, so that weights settle on the codes that are exported. No gradient flows into them.
 *
 * Source: Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference", CVPR 2018, section 3.1.
 */
export class MovingRanges {
  readonly states: RunningState[] = [];
  readonly #next = new Map<string, Value>();
  readonly #inputs = new Map<string, Value>();

  /** `watched` undefined: the form is for evaluation, and ranges are only read. */
  constructor(private readonly watched: number | undefined) {}

  scale(g: Emitter, grid: ActivationGrid): Value {
    const range = g.sub(this.#end(g, grid, 'high'), this.#end(g, grid, 'low'));
    const step = g.op('Max', [g.div(range, g.constant(activationMax(grid.bits))), g.constant(LEAST_SCALE)]);
    return grid.maxScale === undefined ? step : g.op('Min', [step, g.constant(grid.maxScale)]);
  }

  /** Not rounded yet. */
  zeroPoint(g: Emitter, grid: ActivationGrid, scale: Value): Value {
    return g.div(g.neg(this.#end(g, grid, 'low')), scale);
  }

  /** Lets the range of `grid` follow `value`. */
  watch(g: Emitter, grid: ActivationGrid, value: Value): void {
    if (this.watched === undefined) return;
    const passes = this.#input(g, PASSES, 0);
    if (!this.#next.has(PASSES)) this.#next.set(PASSES, g.add(passes, g.constant(1)));
    const isWatching = g.op('Max', [
      g.op('Min', [g.sub(g.constant(this.watched), passes), g.constant(1)]),
      g.constant(0),
    ]);
    const rate = g.scale(isWatching, 1 - MOMENTUM);
    const zero = g.constant(0);
    const seen = {
      low: () => g.op('Min', [g.op('ReduceMin', [value], { keepdims: 0 }), zero]),
      high: () => g.op('Max', [g.op('ReduceMax', [value], { keepdims: 0 }), zero]),
    };
    for (const [side, name] of endsOf(grid)) {
      const old = this.#end(g, grid, side);
      this.#next.set(name, g.add(old, g.mul(rate, g.sub(seen[side](), old))));
    }
  }

  /** Makes what the ranges become outputs of the form. */
  finish(g: Emitter): void {
    for (const [name, value] of this.#next) g.output(value, nextOf(name));
  }

  #end(g: Emitter, grid: ActivationGrid, side: 'low' | 'high'): Value {
    const { scale, zeroPoint, bits } = grid;
    if (side === 'low' && !grid.isSigned) return g.constant(0);
    const steps = side === 'low' ? -zeroPoint : activationMax(bits) - zeroPoint;
    return this.#input(g, side === 'low' ? lowOf(grid.value) : highOf(grid.value), steps * scale);
  }

  #input(g: Emitter, name: string, first: number): Value {
    const known = this.#inputs.get(name);
    if (known) return known;
    const initial = Tensor.of('float32', [], Float32Array.of(first));
    const output = this.watched === undefined ? {} : { output: nextOf(name) };
    this.states.push({ name, initial, isAdded: true, ...output });
    const made = g.input(name, 'float32', []);
    this.#inputs.set(name, made);
    return made;
  }
}

const endsOf = ({ value, isSigned }: ActivationGrid): (readonly ['low' | 'high', string])[] => [
  ...(isSigned ? ([['low', lowOf(value)]] as const) : []),
  ['high', highOf(value)],
];

/** The grid of a range as training left it, in the float32 arithmetic of the form. */
export function movedGrid(grid: ActivationGrid, added: ReadonlyMap<string, Float32Array>): ActivationGrid {
  const quantMax = activationMax(grid.bits);
  const low = grid.isSigned ? added.get(lowOf(grid.value))![0]! : 0;
  const high = added.get(highOf(grid.value))![0]!;
  const step = Math.max(LEAST_SCALE, Math.fround(Math.fround(high - low) / quantMax));
  const scale = Math.fround(Math.min(step, grid.maxScale ?? Infinity));
  const zeroPoint = Math.min(quantMax, roundHalfEven(Math.fround(-low / scale))) + 0;
  return { ...grid, scale, zeroPoint };
}
