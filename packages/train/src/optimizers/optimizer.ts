import type { GraphBuilder, Value } from '@gossamer/graph';
import type { OptimizerRule } from '@gossamer/kernels';
import type { StepCoefficients } from './step-coefficients.js';

/** What every optimiser takes. */
export interface OptimizerOptions {
  /** eta: the schedule's value at this step times the parameter group's factor; >= 0. */
  readonly learningRate: number;
  /** lambda, >= 0: coupled (lambda w is added to the gradient) unless the optimiser says decoupled. */
  readonly weightDecay: number;
  /** Weight of the L1 norm in the loss, >= 0: after its step a weight moves eta l1 towards 0 and stops there. Default 0. */
  readonly l1: number;
}

/** What an in-graph update reads: tensors of one shape, and the scalars of `hyper` that the rule has. */
export interface UpdateValues<Slot extends string = string> {
  readonly weight: Value;
  readonly gradient: Value;
  readonly slots: Readonly<Record<Slot, Value>>;
  readonly hyper: Readonly<Record<string, Value>>;
  /** Bool: where false, the new weight and slots are 0. */
  readonly mask?: Value | undefined;
}

/** What an in-graph update makes. */
export interface UpdatedValues<Slot extends string = string> {
  readonly weight: Value;
  readonly slots: Readonly<Record<Slot, Value>>;
}

/** One parameter in memory: arrays of one length, which do not overlap. `step` reads gradient and mask and writes the rest in place. */
export interface ParameterArrays<Slot extends string = string> {
  readonly weight: Float32Array;
  readonly gradient: Float32Array;
  /** State of the optimiser; zeros before the first step. */
  readonly slots: Readonly<Record<Slot, Float32Array>>;
  /** Where 0, weight and slots become exactly 0 whatever the gradient is, NaN too. Default: every weight is kept. */
  readonly mask?: Uint8Array | Float32Array | undefined;
}

/** A published update rule, as arithmetic on numbers and as a graph. */
export interface Optimizer<Options extends OptimizerOptions = OptimizerOptions, Slot extends string = string> {
  readonly name: string;
  /** The fused kernel's rule that takes the step, given the coefficients. */
  readonly rule: OptimizerRule;
  /** State kept for each weight, in the order of a checkpoint. */
  readonly slots: readonly Slot[];
  readonly defaults: Options;
  /** The coefficients that the rule reads; the others are neutral. */
  readonly scalars: readonly (keyof StepCoefficients)[];
  /** `given` over the defaults; throws ERR_TRAIN_OPTIONS for a name the optimiser has not or a value out of its range. */
  resolve(given: Partial<Options>): Options;
  /** The coefficients of step `step`, which counts from 1, in double. */
  hyper(step: number, options: Options): StepCoefficients;
  /** Writes one step to a graph: the portable reference. */
  update(g: GraphBuilder, values: UpdateValues<Slot>): UpdatedValues<Slot>;
  /** Makes one step in place: float32 throughout, bit for bit as the native kernel. Throws ERR_TRAIN_OPTIONS for lengths that differ. */
  step(parameter: ParameterArrays<Slot>, coefficients: StepCoefficients): void;
}
