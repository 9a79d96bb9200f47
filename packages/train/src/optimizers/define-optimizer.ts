import type { OptimizerRule } from '@gossamer/kernels';
import type { GraphBuilder, Value } from '@gossamer/graph';
import { badOption } from '../require-option.js';
import { arithmetic } from './arithmetic.js';
import { fusedMultiplyAdd } from './fused-multiply-add.js';
import type { Optimizer, OptimizerOptions, ParameterArrays, UpdatedValues, UpdateValues } from './optimizer.js';
import { resolveOptions } from './resolve-options.js';
import { NEUTRAL_COEFFICIENTS, type StepCoefficients } from './step-coefficients.js';

/**
 * A rule as its file writes it: how slots and direction u follow from the gradient. What all rules share is around it:
 * g = gradientFactor gradient + l2 w before, w := shrink w - step u after, then the threshold of L1 and the mask.
 */
export interface OptimizerDefinition<Options extends OptimizerOptions, Slot extends string> {
  readonly name: string;
  /** That of the fused kernel. */
  readonly rule: OptimizerRule;
  readonly slots: readonly Slot[];
  /** Without `l1`, which every rule has. */
  readonly defaults: Omit<Options, 'l1'>;
  /** The coefficients that the rule reads, at step `step` >= 1. */
  hyper(step: number, options: Options): Partial<StepCoefficients>;
  /** New slots and direction, as a graph; `hyper` holds what the method of that name gives. */
  update(g: GraphBuilder, values: DirectionValues<Slot>): { direction: Value; slots: Readonly<Record<Slot, Value>> };
  /** The same for element `i`, in float32: writes the slots, returns the direction. */
  direction(
    gradient: number,
    slots: Readonly<Record<Slot, Float32Array>>,
    i: number,
    coefficients: StepCoefficients,
  ): number;
}

/** What a rule's graph reads. */
export interface DirectionValues<Slot extends string> {
  /** g: scaled, and with coupled decay in it. */
  readonly gradient: Value;
  readonly slots: Readonly<Record<Slot, Value>>;
  readonly hyper: Readonly<Record<string, Value>>;
}

/** Makes an optimiser of a rule. */
export function defineOptimizer<Options extends OptimizerOptions, Slot extends string>(
  definition: OptimizerDefinition<Options, Slot>,
): Optimizer<Options, Slot> {
  const { name, rule, slots } = definition;
  const defaults = { ...definition.defaults, l1: 0 } as Options;
  const scalars = Object.keys(definition.hyper(1, defaults)) as (keyof StepCoefficients)[];
  return {
    name,
    rule,
    slots,
    defaults,
    scalars: ['gradientFactor', ...scalars, 'threshold'],
    resolve: (given) => resolveOptions(name, defaults, given),
    hyper: (step, options) => ({
      ...NEUTRAL_COEFFICIENTS,
      ...definition.hyper(step, options),
      threshold: options.learningRate * options.l1,
    }),
    update: (g, values) => writeUpdate(definition, g, values),
    step(parameter, coefficients) {
      checkLengths(slots, parameter);
      stepInPlace(definition, parameter, toFloat32(coefficients));
    },
  };
}

function writeUpdate<Options extends OptimizerOptions, Slot extends string>(
  definition: OptimizerDefinition<Options, Slot>,
  g: GraphBuilder,
  { weight, gradient, slots, hyper, mask }: UpdateValues<Slot>,
): UpdatedValues<Slot> {
  const { abs, add, max, mul, sign, sub } = arithmetic(g);
  const zero = g.constant(0, 'float32');
  const scaled = mul(gradient, hyper.gradientFactor!);
  const decayed = hyper.l2 ? add(scaled, mul(hyper.l2, weight)) : scaled;
  const updated = definition.update(g, { gradient: decayed, slots, hyper });
  const kept = hyper.shrink ? mul(hyper.shrink, weight) : weight;
  const moved = sub(kept, mul(hyper.step!, updated.direction));
  const nearer = mul(sign(moved), max(sub(abs(moved), hyper.threshold!), zero));
  const masked = (value: Value): Value => (mask ? g.op('Where', [mask, value, zero]) : value);
  const newSlots = definition.slots.map((slot) => [slot, masked(updated.slots[slot])] as const);
  return { weight: masked(nearer), slots: Object.fromEntries(newSlots) as Record<Slot, Value> };
}

function stepInPlace<Options extends OptimizerOptions, Slot extends string>(
  definition: OptimizerDefinition<Options, Slot>,
  { weight, gradient, slots, mask }: ParameterArrays<Slot>,
  coefficients: StepCoefficients,
): void {
  const { gradientFactor, l2, shrink, step, threshold } = coefficients;
  for (let i = 0; i < weight.length; i++) {
    const w = weight[i]!;
    const g = fusedMultiplyAdd(l2, w, Math.fround(gradientFactor * gradient[i]!));
    const direction = definition.direction(g, slots, i, coefficients);
    const moved = fusedMultiplyAdd(-step, direction, Math.fround(shrink * w));
    const magnitude = Math.abs(moved);
    weight[i] = magnitude <= threshold ? 0 : Math.sign(moved) * (magnitude - threshold);
  }
  if (!mask) return;
  // Updates are elementwise: zeroing afterwards leaves what never stepping would have left.
  for (const array of [weight, ...definition.slots.map((slot) => slots[slot])]) {
    for (let i = 0; i < array.length; i++) if (mask[i] === 0) array[i] = 0;
  }
}

function toFloat32(coefficients: StepCoefficients): StepCoefficients {
  const entries = Object.entries<number>({ ...coefficients });
  return Object.fromEntries(entries.map(([key, value]) => [key, Math.fround(value)])) as unknown as StepCoefficients;
}

function checkLengths<Slot extends string>(names: readonly Slot[], parameter: ParameterArrays<Slot>): void {
  const { weight, gradient, slots, mask = weight } = parameter;
  const arrays = { gradient, mask, ...slots };
  for (const name of ['gradient', 'mask', ...names] as const) {
    const length = (arrays as Readonly<Record<string, ArrayLike<number> | undefined>>)[name]?.length;
    if (length !== weight.length) badOption(name, `${weight.length} elements`, length ?? 'none');
  }
}
