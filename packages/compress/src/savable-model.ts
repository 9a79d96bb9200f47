import type { Model } from '@gossamer/graph';

/** What the gate judges a compressed model by. */
export interface CompressionScheme {
  /** Convolutions, products and LSTMs that were written for integer kernels: the gate counts how many ONNX Runtime fused. */
  readonly integerProducts: number;
  /** Ranges were calibrated: outputs on random inputs, which leave them, say nothing. */
  readonly isCalibrated: boolean;
  /** What brings the outputs nearer to the input model's, as the gate's warning says it. Default: what quantization has. */
  readonly remedy?: string;
}

/** What is written and proved: an OnnxModel. */
export interface SavableModel {
  readonly ir: Model;
  /** The file it was read from. */
  readonly path: string | undefined;
  /** The model it was made from. */
  readonly reference: SavableModel | undefined;
  readonly scheme: CompressionScheme | undefined;
}
