import type { DataSource, Metric } from '@gossamer/runtime';
import type {
  ActivationDtype,
  BlockSize,
  Calibrator,
  EqualizeMethod,
  Granularity,
  Mapping,
  QuantizeMode,
  QuantizePreset,
  Target,
  WeightDtype,
} from './choices.js';
import type { Preserve } from './preserve.js';
import type { Clip } from './schemes/scheme.js';

/** What `onProgress` receives: `done` of `total` steps of `stage` (total undefined: not known). */
export interface QuantizeProgress {
  readonly stage: string;
  readonly done: number;
  readonly total: number | undefined;
}

/** What some layers become. What is left out is as for the others. */
export interface LayerRule {
  /** Layer id, operator name or glob over ids. */
  readonly match: string;
  /** A scheme, or 'float32': the layer stays as it is. */
  readonly weights?: WeightDtype;
  readonly granularity?: Granularity;
  /** In weight-only mode. */
  readonly blockSize?: number;
}

/** Quality that a quantized model has to keep, by the metric that counts. */
export interface AccuracyGoal {
  /** Makes a fresh metric, e.g. `() => createMetric('top1')`. */
  readonly metric: () => Metric;
  /** What it is measured on; with labels or targets where the metric needs them. */
  readonly data: DataSource;
  /** How far it may fall behind the float model's, in the metric's own unit; >= 0. */
  readonly maxDrop: number;
}

/** How a model is quantized. Every option has a default; `mode`, or a preset that implies it, is the one thing to choose. */
export interface QuantizeOptions {
  /**
   * 'static': integer convolutions and products, activation ranges from calibration data. 'dynamic': integer products, ranges
   * measured at run time, no data needed. 'weight-only': codes in the file, float arithmetic (8-bit inside MatMulNBits).
   * Default: 'static' when `data` is given, else 'dynamic'.
   */
  readonly mode?: QuantizeMode;
  /** Named as in transformers.js. 'q8', 'int8', 'uint8': dynamic; 'q4': weight-only 4 bit, blocks of 32; 'bnb4': NF4 in blocks of 64. Single options override it. Default: none. */
  readonly preset?: QuantizePreset | (string & {});
  /**
   * What the model is for: which combinations are legal, and defaults. 'cpu-without-vnni': reduceRange ('auto' in static mode); 'arm': int8 activations in static mode;
   * 'webgpu': weight-only with 4 bits, and warnings that name what has no kernel there. Default 'onnxruntime'.
   */
  readonly target?: Target;
  /** Dtype of the weight codes. Default: 'int8'; with `bits` 4, 'uint4' (asymmetric) or 'int4' (symmetric). */
  readonly weights?: WeightDtype;
  /**
   * Dtype of activation codes in static mode; 'int8' needs signed weights. 'uint16' and 'int16' are for providers of accelerators: ONNX Runtime computes between them in float on CPU.
   * Default 'uint8', which x64 and ARM both run fast.
   */
  readonly activations?: ActivationDtype;
  /** Bits of a weight code. Default: those of `weights`. */
  readonly bits?: 4 | 8;
  /**
   * How codes are chosen, in weight-only mode: 'nearest', 'importance', 'hqq', 'gptq', 'adaround', 'brecq', ... (docs/quantize-methods.md); most need calibration data. A layer where it
   * does not beat 'nearest' keeps that. In static mode 'adaround', 'brecq' or 'qdrop'. Default 'nearest'.
   */
  readonly algorithm?: string;
  /**
   * Weights of single layers, in weight-only mode by scheme, in static mode int8, uint8, int4 or uint4 a channel or a tensor: the first rule that matches decides. What a rule leaves
   * open is that of the others. Default: none.
   */
  readonly layers?: readonly LayerRule[];
  /**
   * Bits of embedding tables and of products that make the model's outputs, in weight-only mode below 8 bits: they hurt most and are few.
   * Default 8.
   */
  readonly edgeBits?: number;
  /**
   * Where weight scales vary: an output channel, the tensor (not in weight-only mode), blocks along the input axis (there only).
   * Default: 'perAxis'; 'perBlock' in weight-only mode.
   */
  readonly granularity?: Granularity;
  /** Weights along the input axis that share a scale (perBlock). Default 32. */
  readonly blockSize?: BlockSize;
  /** Weight mapping. Default: 'symmetric'; for uint8 and uint4 'asymmetric'. */
  readonly mapping?: Mapping;
  /** How activation ranges are chosen. Default 'minmax'. */
  readonly calibrator?: Calibrator;
  /** Share of magnitudes the percentile calibrator keeps, in percent. Default 99.99. */
  readonly percentile?: number;
  /** Calibration data (static mode, and `equalize` that needs them). Default: none. */
  readonly data?: DataSource;
  /** Most calibration samples to use. Default 128. */
  readonly samples?: number;
  /** Static results as QuantizeLinear/DequantizeLinear pairs or as QLinear operators. Default 'qdq'; 'qoperator' with `integerOnly`. */
  readonly format?: 'qdq' | 'qoperator';
  /**
   * Static mode: nothing computes in float between the first QuantizeLinear and the last DequantizeLinear. Operators without an integer
   * form are refused by name; a float head or tail without layers (a final Softmax) stays and is warned of. QLinear operators, no cost
   * model. Default false.
   */
  readonly integerOnly?: boolean;
  /** Weight-only blocks as com.microsoft::MatMulNBits or as standard blocked DequantizeLinear (opset 21). Default 'matmulnbits'. */
  readonly blockFormat?: 'matmulnbits' | 'dequantize-linear';
  /** accuracy_level of MatMulNBits: 0 unset, 1 fp32, 4 int8 activations (the fast kernel on x64 and ARM). Default 4. */
  readonly accuracyLevel?: 0 | 1 | 2 | 3 | 4;
  /**
   * 7-bit weight codes, for x64 CPUs without VNNI, whose kernels saturate; 'auto' (static mode): of the layers where sums of two products can leave int16
   * with the codes that calibration saw in each input channel. Default false.
   */
  readonly reduceRange?: boolean | 'auto';
  /** Clip the range of each weight scale: true or 'mse' searches the least squared error, 'octav' (weight-only mode) takes OCTAV's limit where that is smaller. Default false. */
  readonly clip?: Clip;
  /**
   * What is done to the float model first, without changing its function, to make it easier to quantize: 'rotate' (the residual stream of
   * transformers by a Hadamard matrix), 'cross-layer' (ranges of layers behind one another), 'absorb-bias', 'smooth' (SmoothQuant) and,
   * in weight-only mode, 'awq' (AWQ's scales, for the rounding that follows), which need `data`. One or several; `include` and `exclude` concern 'awq' alone. Default 'none'.
   */
  readonly equalize?: 'none' | EqualizeMethod | readonly EqualizeMethod[];
  /**
   * Static and weight-only mode: take back by how much rounding weights moves the means of layers' outputs, by biases. Means of inputs come from `data`, else from BatchNormalization.
   * Layers that take no bias are left, with a warning. Default false.
   */
  readonly biasCorrection?: boolean;
  /** Layers to quantize: ids, globs over ids (`*`, `?`) or operator names. Default: all. */
  readonly include?: readonly string[];
  /** Layers to leave untouched, spelled like `include`. Default: none. */
  readonly exclude?: readonly string[];
  /**
   * Layers whose quantization hurts most go back to float computation until the outputs of the quantized model reach
   * `targetSqnr` dB on calibration data (static mode). 'auto' or 'none'. Default 'none'.
   */
  readonly keepFloat?: 'none' | 'auto';
  /**
   * As keepFloat 'auto', but until the metric has fallen by `maxDrop` at most (static mode): layers go back worst noise first, as few as that takes.
   * Default: none.
   */
  readonly accuracy?: AccuracyGoal;
  /** Signal-to-noise ratio of the model's outputs that keepFloat 'auto' aims at, in dB. Default 20. */
  readonly targetSqnr?: number;
  /** How layers without a fast integer kernel keep their weights: 8-bit codes expanded once at load, or float. Default 'int8'. */
  readonly storage?: 'int8' | 'float';
  /**
   * Leave in float what the cost table expects to run slower in integers (static mode), and keep ONNX Runtime from a fusion that is
   * slower than what it fuses (all modes). Default true.
   */
  readonly costModel?: boolean;
  /** Run the graph optimisations first (constant folding, Conv+BatchNormalization, ...). Default true. */
  readonly optimize?: boolean;
  /**
   * Which weights that are 0 stay exactly 0: 'zeros': all; 'auto': those of weights that were pruned (a tenth of the elements or more are 0); 'none': what an algorithm makes of them. Rounding keeps
   * zeros in any case. Default 'auto'; 'none' with `equalize` 'rotate', which mixes weights: 'zeros' is refused there.
   */
  readonly preserve?: Preserve;
  /** Accept a model that holds quantized weights already: what is quantized stays as it is. Default false. */
  readonly requantize?: boolean;
  /**
   * Weight-only mode with an algorithm that calibrates: where activations are spilled, and solved layers (of brecq and qdrop: units) kept. The same request with the same folder takes them over
   * and ends with the same bytes. Default: the system's place for temporary files, and nothing is kept.
   */
  readonly folder?: string;
  /** Threads of the runs that calibrate and measure. Default: all cores. */
  readonly threads?: number;
  /** Seed of every random choice (the signs of `equalize` 'rotate'); kept in the provenance. Default 0. */
  readonly seed?: number;
  /** Stops the work; the promise rejects with its reason. Default: none. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: QuantizeProgress) => void;
}
