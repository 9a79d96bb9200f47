import { attribute, Tensor, type Value } from '@gossamer/graph';
import { copyGraph, type Emitter, type Parameter, type TrainingForm } from '@gossamer/train';
import { MovingRanges } from './moving-ranges.js';
import {
  type ActivationGrid,
  activationMax,
  type BiasGrid,
  type Grids,
  type WeightGrid,
  weightLimits,
} from './grids.js';

/** How the limits of activations are found. */
export type ActivationRule = 'lsq' | 'pact' | 'ema' | 'fixed';

/** Codes of a bias stay below this magnitude, as in the exported model. */
const BIAS_LIMIT = 2 ** 30;

/** Parameters of the form that grids add: a scale is its first value times e to their power, a zero point its first one plus quantMax times them. */
export const scalePower = (value: string): string => `scale-power/${value}`;
export const zeroShift = (value: string): string => `zero-shift/${value}`;
/** The clip of PACT over its first value. */
export const clipRatio = (value: string): string => `clip-ratio/${value}`;

/**
 * A form in which readers see every value of `grids` as its codes stand for it. `learns` false: scales and zero points are constants. `watched`: for
 * how many passes the ranges of rule 'ema' follow what they see; undefined where the form is for evaluation.
 *
 * Scales of weights, and of activations by rule 'lsq', are learned with the zero points of activations that can be negative; 'pact' learns where
 * activations are clipped, from what lies beyond alone; with 'ema' ranges follow what is seen. A scale is its first value times e^p, so that it stays > 0 and an adaptive optimiser moves
 * it by its learning rate in relation to itself. Gradients of scales are divided by sqrt(N quantMax), N the elements that share one.
 *
 * Sources: Esser et al., "Learned Step Size Quantization", ICLR 2020 (arXiv:1902.08153), section 2; Bhalgat et al., "LSQ+", CVPR workshops 2020
 * (arXiv:2004.09576), section 3.2; Choi et al., "PACT", 2018 (arXiv:1805.06085), section 3; biases: Jacob et al., CVPR 2018, section 2.4.
 */
export function insertGrids(
  form: TrainingForm,
  grids: Grids,
  rule: ActivationRule,
  learns = true,
  watched?: number,
): TrainingForm {
  const writer = new GridWriter(grids, rule, learns, watched);
  const { g, values, made } = copyGraph(form.model, undefined, (emitter, value) => writer.quantized(emitter, value));
  writer.requireAll();
  for (const output of form.model.graph.outputs) {
    g.output((writer.isMade(output.name) ? values : made).get(output)!, output.name);
  }
  writer.ranges.finish(g);
  const { added, ranges } = writer;
  return {
    ...form,
    model: g.model,
    parameters: [...form.parameters, ...added],
    running: [...form.running, ...ranges.states],
  };
}

class GridWriter {
  readonly added: Parameter[] = [];
  readonly ranges: MovingRanges;
  readonly #activations: ReadonlyMap<string, ActivationGrid>;
  readonly #weights: ReadonlyMap<string, WeightGrid>;
  readonly #biases: ReadonlyMap<string, BiasGrid>;
  readonly #scales = new Map<string, Value>();
  readonly #met = new Set<string>();

  constructor(
    { activations, weights, biases }: Grids,
    private readonly rule: ActivationRule,
    private readonly learns: boolean,
    watched: number | undefined,
  ) {
    this.ranges = new MovingRanges(watched);
    this.#activations = new Map(activations.map((grid) => [grid.value, grid]));
    this.#weights = new Map(weights.map((grid) => [grid.value, grid]));
    this.#biases = new Map(biases.map((grid) => [grid.value, grid]));
  }

  isMade(name: string): boolean {
    return this.#activations.get(name)?.isMade ?? false;
  }

  /** What stands for `value` before its readers. */
  quantized(g: Emitter, value: Value): Value {
    const { name } = value;
    g.scope = `${name}/`;
    const [activation, weight, bias] = [this.#activations.get(name), this.#weights.get(name), this.#biases.get(name)];
    if (activation ?? weight ?? bias) this.#met.add(name);
    if (activation) return this.#activation(g, value, activation);
    if (weight) {
      const scale = this.#weightScale(g, weight);
      const { shape, axis } = weight;
      const spread = g.reshape(
        scale,
        shape.map((dim, i) => (i === axis ? dim : 1)),
      );
      return fakeQuantize(g, value, spread, g.constant(0), weightLimits(weight.bits));
    }
    return bias ? this.#bias(g, value, bias) : value;
  }

  /** A broken promise of the plan: it names values of the form alone. */
  requireAll(): void {
    const names = [...this.#activations.keys(), ...this.#weights.keys(), ...this.#biases.keys()];
    const missing = names.filter((name) => !this.#met.has(name));
    if (missing.length > 0) throw new Error(`values ${missing.join(', ')}: not in the training form`);
  }

  #activation(g: Emitter, value: Value, grid: ActivationGrid): Value {
    const quantMax = activationMax(grid.bits);
    const limits = { quantMin: 0, quantMax };
    if (this.rule === 'pact' && this.learns) {
      // From beyond the clip alone: the step is the clip's, without a gradient of its own.
      const clip = this.#clip(g, grid);
      const scale = this.#activationScale(g, grid);
      const low = g.scale(scale, -grid.zeroPoint);
      const clipped = g.op('Max', [g.op('Min', [value, clip]), stopped(g, low)]);
      return fakeQuantize(g, clipped, stopped(g, scale), g.constant(grid.zeroPoint), limits);
    }
    if (this.rule === 'ema' && this.learns) {
      this.ranges.watch(g, grid, value);
      return fakeQuantize(g, value, this.#activationScale(g, grid), this.#movedZero(g, grid), limits);
    }
    const count = g.size(value);
    const scale = damped(g, this.#activationScale(g, grid), count, quantMax);
    return fakeQuantize(g, value, scale, this.#zeroPoint(g, grid, count), limits);
  }

  #bias(g: Emitter, value: Value, { activation, weight, alpha }: BiasGrid): Value {
    const input = this.#activationScale(g, this.#activations.get(activation)!);
    const step = stopped(g, g.mul(this.#weightScale(g, this.#weights.get(weight)!), g.scale(input, alpha)));
    return fakeQuantize(g, value, step, g.constant(0), { quantMin: -BIAS_LIMIT, quantMax: BIAS_LIMIT });
  }

  #weightScale(g: Emitter, { value, shape, axis, scales, bits }: WeightGrid): Value {
    return this.#once(value, () => {
      const first = Tensor.of('float32', axis === undefined ? [] : [scales.length], scales);
      if (!this.learns) return g.tensor(first);
      const power = this.#parameter(g, scalePower(value), first.dims, 0);
      const count = shape.reduce((a, b) => a * b, 1) / scales.length;
      return damped(g, g.mul(g.op('Exp', [power]), g.tensor(first)), count, weightLimits(bits).quantMax);
    });
  }

  #activationScale(g: Emitter, grid: ActivationGrid): Value {
    return this.#once(grid.value, () => {
      const first = g.constant(grid.scale);
      if (!this.learns || this.rule === 'fixed') return first;
      if (this.rule === 'ema') return this.ranges.scale(g, grid);
      if (this.rule === 'pact') {
        return g.scale(this.#clip(g, grid), 1 / (activationMax(grid.bits) - grid.zeroPoint));
      }
      const scale = g.mul(g.op('Exp', [this.#parameter(g, scalePower(grid.value), [], 0)]), first);
      return grid.maxScale === undefined ? scale : g.op('Min', [scale, g.constant(grid.maxScale)]);
    });
  }

  /** Of PACT: the largest number that codes stand for. */
  #clip(g: Emitter, grid: ActivationGrid): Value {
    return this.#once(`clip of ${grid.value}`, () => {
      const steps = activationMax(grid.bits) - grid.zeroPoint;
      const ratio = g.op('Max', [this.#parameter(g, clipRatio(grid.value), [], 1), g.constant(LEAST_CLIP)]);
      const clip = g.scale(ratio, grid.scale * steps);
      return grid.maxScale === undefined ? clip : g.op('Min', [clip, g.constant(grid.maxScale * steps)]);
    });
  }

  /** Of 'ema': whole. */
  #movedZero(g: Emitter, grid: ActivationGrid): Value {
    if (!grid.isSigned) return g.constant(0);
    const place = this.ranges.zeroPoint(g, grid, this.#activationScale(g, grid));
    return fakeQuantize(g, place, g.constant(1), g.constant(0), { quantMin: 0, quantMax: activationMax(grid.bits) });
  }

  #zeroPoint(g: Emitter, grid: ActivationGrid, count: number): Value {
    const first = g.constant(grid.zeroPoint);
    if (!this.learns || this.rule === 'fixed' || !grid.isSigned) return first;
    const quantMax = activationMax(grid.bits);
    const shift = g.scale(this.#parameter(g, zeroShift(grid.value), [], 0), quantMax);
    // Whole, by straight-through rounding.
    const moved = damped(g, g.add(first, shift), count, quantMax);
    return fakeQuantize(g, moved, g.constant(1), g.constant(0), { quantMin: 0, quantMax });
  }

  #once(name: string, make: () => Value): Value {
    const known = this.#scales.get(name);
    if (known) return known;
    const made = make();
    this.#scales.set(name, made);
    return made;
  }

  #parameter(g: Emitter, name: string, dims: readonly number[], first: number): Value {
    const initial = Tensor.of('float32', dims, new Float32Array(dims.reduce((a, b) => a * b, 1)).fill(first));
    this.added.push({ name, role: 'bias', initial, isAdded: true });
    return g.input(name, 'float32', dims);
  }
}

/** The clip of PACT is at least this part of its first value: it stays > 0. */
export const LEAST_CLIP = 2 ** -10;

const fakeQuantize = (
  g: Emitter,
  value: Value,
  scale: Value,
  zeroPoint: Value,
  { quantMin, quantMax }: { readonly quantMin: number; readonly quantMax: number },
): Value =>
  g.call('FakeQuantize', [value, scale, zeroPoint], {
    quant_min: attribute.int(quantMin),
    quant_max: attribute.int(quantMax),
  })[0]!;

/** `value` itself, whose gradient is multiplied by `factor`. */
const scaledGradient = (g: Emitter, value: Value, factor: number): Value =>
  g.call('GradientScale', [value], { factor: attribute.float(factor) })[0]!;

const stopped = (g: Emitter, value: Value): Value => scaledGradient(g, value, 0);

const damped = (g: Emitter, value: Value, count: number, quantMax: number): Value =>
  scaledGradient(g, value, 1 / Math.sqrt(Math.max(1, count * quantMax)));
