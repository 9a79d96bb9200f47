/** Which random numbers a quantization draws: the same place gives the same numbers, whatever was drawn before. */
export interface DrawPlace {
  readonly seed: number;
  /** Of the tensor and the worker: `streamOf(name)`. */
  readonly stream: number;
  /** Of the training. */
  readonly step: number;
}

/** What a gradient has become. */
export interface QuantizationOutcome {
  /** Size of the encoded gradient. */
  readonly bits: number;
  /** E |Q(g) - g|^2 for this g, over the random rounding: 0 where nothing is random. */
  readonly variance: number;
}

/** A gradient with less information, as workers that send it would exchange it. */
export interface GradientQuantizer {
  readonly name: string;
  /** E Q(g) = g. Where false, the error has to be fed back (ErrorFeedback). */
  readonly isUnbiased: boolean;
  /** Puts what a receiver decodes in place of `gradient`. Throws ERR_DIVERGED where an element is not finite. */
  quantize(gradient: Float32Array, place: DrawPlace): QuantizationOutcome;
}
