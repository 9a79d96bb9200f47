/** Codes of an activation, uint8 in [0, quantMax]: x = (code - zeroPoint) * scale. */
export interface ActivationGrid {
  /** Name of the value that is quantized. */
  readonly value: string;
  readonly bits: number;
  /** A float32 > 0. */
  readonly scale: number;
  /** A whole number in [0, quantMax]; 0 of what is never negative. */
  readonly zeroPoint: number;
  /** False: no value is below 0, and the zero point stays 0. */
  readonly isSigned: boolean;
  /** The largest scale, of what a Clip limits: with a larger one the codes' limit would not be the Clip's. */
  readonly maxScale?: number;
  /** True where graph outputs read the codes too. */
  readonly isMade: boolean;
}

/** Codes of a weight, int8 in [-2^(bits - 1), 2^(bits - 1) - 1]: w = code * scale, a scale for each slice of `axis`. */
export interface WeightGrid {
  readonly value: string;
  readonly bits: number;
  readonly shape: readonly number[];
  /** Undefined: one scale for the tensor. */
  readonly axis: number | undefined;
  /** float32 > 0, one for each slice. */
  readonly scales: Float32Array;
}

/** A bias in steps of its layer's input scale times its weight's scales, as integer kernels add it. */
export interface BiasGrid {
  readonly value: string;
  /** The values of the grids above. */
  readonly activation: string;
  readonly weight: string;
  /** Of Gemm, which goes into the exported weight scale; 1 of others. */
  readonly alpha: number;
}

/** Everything that a forward pass sees quantized. */
export interface Grids {
  readonly activations: readonly ActivationGrid[];
  readonly weights: readonly WeightGrid[];
  readonly biases: readonly BiasGrid[];
}

/** Limits of the codes of a weight. */
export const weightLimits = (bits: number): { readonly quantMin: number; readonly quantMax: number } => ({
  quantMin: -(2 ** (bits - 1)),
  quantMax: 2 ** (bits - 1) - 1,
});

/** The largest code of an activation; the least is 0. */
export const activationMax = (bits: number): number => 2 ** bits - 1;
