import type { DType } from '@gossamer/graph';

/** What the compiler knows of an operator that it hands to the engine. */
export interface OperatorEntry {
  /** Element types that its first operand that is one of data may have. */
  readonly types: ReadonlySet<DType>;
  /** Attributes that are handed over, with the standard's default; undefined: none unless it is given. */
  readonly attributes: Readonly<Record<string, number | readonly number[] | string | undefined>>;
}

const FLOAT: ReadonlySet<DType> = new Set<DType>(['float32']);
const BYTES: ReadonlySet<DType> = new Set<DType>(['uint8', 'int8']);
const BYTE: ReadonlySet<DType> = new Set<DType>(['uint8']);
const FLOAT_OR_BYTE: ReadonlySet<DType> = new Set<DType>(['float32', 'uint8']);
const CODES: ReadonlySet<DType> = new Set<DType>(['uint8', 'int8', 'uint16', 'int16', 'int32']);
const BOOL: ReadonlySet<DType> = new Set<DType>(['bool']);
const INDEX: ReadonlySet<DType> = new Set<DType>(['int64', 'int32']);
const WHOLE: readonly DType[] = ['int8', 'int16', 'int32', 'int64', 'uint8', 'uint16', 'uint32', 'uint64'];
const INTEGER: ReadonlySet<DType> = new Set<DType>(WHOLE);
const UNSIGNED: ReadonlySet<DType> = new Set<DType>(['uint8', 'uint16', 'uint32', 'uint64']);
const REAL: ReadonlySet<DType> = new Set<DType>(['float32', 'float64']);
const NUMBER: ReadonlySet<DType> = new Set<DType>(['float32', 'float64', ...WHOLE]);
const POWER: ReadonlySet<DType> = new Set<DType>(['float32', 'float64', 'int32', 'int64']);
const REDUCED: ReadonlySet<DType> = new Set<DType>(['float32', 'float64', 'int32', 'int64', 'uint32', 'uint64']);
const RANKED: ReadonlySet<DType> = new Set<DType>(['float32', 'float64', 'int32', 'int64', 'int8', 'uint8']);
/** All that the engine stores (native/engine/tensor.h). */
export const STORED: ReadonlySet<DType> = new Set<DType>(
  'float32 uint8 int8 int32 int64 bool float16 bfloat16 float64 int16 uint16 uint32 uint64'.split(' ') as DType[],
);

const entry = (types: ReadonlySet<DType>, attributes: OperatorEntry['attributes'] = {}): OperatorEntry => ({
  types,
  attributes,
});

const ACTIVATION = { activation: 'none', activation_alpha: 0, activation_beta: 0 };
const WINDOW = { strides: undefined, pads: undefined, dilations: undefined };
const POOL = { kernel_shape: undefined, ...WINDOW, ceil_mode: 0 };
const FIXED_POINT = { multipliers: undefined, exponents: undefined };
const INT8 = {
  result: 'int32',
  x_zero_point: undefined,
  w_zero_points: undefined,
  scales: undefined,
  ...FIXED_POINT,
  y_zero_point: undefined,
  low: undefined,
  high: undefined,
  own_ratio: undefined,
  residual_ratio: undefined,
  residual_zero_point: undefined,
  sum_zero_point: undefined,
  sum_low: undefined,
  sum_high: undefined,
  ...ACTIVATION,
};
const AFFINE = { x_scale: undefined, x_zero_point: undefined, y_scale: undefined, y_zero_point: undefined };
const REDUCTION = { keepdims: 1, noop_with_empty_axes: 0 };
const NBITS = { K: undefined, N: undefined, bits: 4, block_size: undefined, accuracy_level: 0 };
const RECURRENT = {
  direction: 'forward',
  hidden_size: undefined,
  layout: 0,
  clip: undefined,
  activations: undefined,
  activation_alpha: undefined,
  activation_beta: undefined,
};

/** The engine's own operators (docs/engine.md). */
export const OWN_OPERATORS: Readonly<Record<string, OperatorEntry>> = {
  Attention4D: entry(FLOAT, {
    scale: undefined,
    q_layout: 'bhsd',
    k_layout: 'bhsd',
    v_layout: 'bhsd',
    y_layout: 'bhsd',
    heads: undefined,
    kv_heads: undefined,
    causal: 0,
    causal_offset: undefined,
  }),
  Activate: entry(FLOAT, ACTIVATION),
  AveragePoolGradNhwc: entry(FLOAT, { ...POOL, count_include_pad: 0, input_shape: undefined }),
  AveragePoolNhwc: entry(FLOAT, { ...POOL, count_include_pad: 0 }),
  BatchNormGradNhwc: entry(FLOAT, ACTIVATION),
  BatchNormTrainNhwc: entry(FLOAT, { epsilon: Math.fround(1e-5), ...ACTIVATION }),
  ConvGradInputNhwc: entry(FLOAT, { ...WINDOW, group: 1, input_shape: undefined }),
  ConvGradWeightNhwc: entry(FLOAT, { ...WINDOW, group: 1, kernel_shape: undefined }),
  ConvNhwc: entry(FLOAT, { ...WINDOW, group: 1, ...ACTIVATION }),
  ConvTransposeNhwc: entry(FLOAT, { ...WINDOW, group: 1, output_padding: undefined, ...ACTIVATION }),
  Int8AveragePoolNhwc: entry(BYTE, {
    ...POOL,
    count_include_pad: 0,
    global: 0,
    ...AFFINE,
    multiplier: undefined,
    exponent: undefined,
  }),
  Int8Binary: entry(BYTE, {
    operation: 'add',
    a_scale: undefined,
    a_zero_point: undefined,
    b_scale: undefined,
    b_zero_point: undefined,
    y_scale: undefined,
    y_zero_point: undefined,
    low: 0,
    high: 255,
    ...FIXED_POINT,
  }),
  Int8Concat: entry(BYTE, {
    axis: undefined,
    scales: undefined,
    zero_points: undefined,
    y_scale: undefined,
    y_zero_point: undefined,
    ...FIXED_POINT,
  }),
  Int8Conv: entry(BYTE, { ...WINDOW, group: 1, ...INT8 }),
  Int8Linear: entry(BYTE, { trans_b: 0, ...INT8 }),
  Int8Table: entry(BYTE, { table: undefined }),
  Linear: entry(FLOAT, { trans_b: 0, ...ACTIVATION }),
  MatMul: entry(FLOAT, { trans_a: 0, trans_b: 0, alpha: 1 }),
  MatMulNBits: entry(FLOAT, { ...NBITS, ...ACTIVATION }),
  MaxPoolGradNhwc: entry(FLOAT, POOL),
  MaxPoolNhwc: entry(FLOAT_OR_BYTE, POOL),
};

/** Operators of the domain gossamer.train that keep their name in the engine. */
export const TRAIN_OPERATORS: Readonly<Record<string, OperatorEntry>> = {
  ActivationGrad: entry(FLOAT, { activation: undefined, activation_alpha: undefined, activation_beta: undefined }),
  BiasGrad: entry(FLOAT, { axis: 1 }),
  GatherGrad: entry(FLOAT, { axis: 0, size: undefined }),
  LayerNormGrad: entry(FLOAT, { axis: -1 }),
  LogSoftmaxGrad: entry(FLOAT, { axis: -1 }),
  SoftmaxCrossEntropy: entry(FLOAT, { label_smoothing: 0 }),
  SoftmaxCrossEntropyGrad: entry(FLOAT, { label_smoothing: 0 }),
  SoftmaxGrad: entry(FLOAT, { axis: -1 }),
};

/** Operators of com.microsoft that the engine has under their own names. */
export const MICROSOFT_OPERATORS: Readonly<Record<string, OperatorEntry>> = {
  GatherBlockQuantized: entry(STORED, { bits: 4, block_size: 128, gather_axis: 0, quantize_axis: 1 }),
  MatMulNBits: entry(FLOAT, NBITS),
  SkipLayerNormalization: entry(FLOAT, { epsilon: Math.fround(1e-12) }),
  SkipSimplifiedLayerNormalization: entry(FLOAT, { epsilon: Math.fround(1e-12) }),
};

/** Operators of the standard, opset 21. */
export const STANDARD_OPERATORS: Readonly<Record<string, OperatorEntry>> = {
  Abs: entry(NUMBER),
  Acos: entry(REAL),
  Acosh: entry(REAL),
  Add: entry(NUMBER),
  And: entry(BOOL),
  ArgMax: entry(RANKED, { axis: 0, keepdims: 1, select_last_index: 0 }),
  ArgMin: entry(RANKED, { axis: 0, keepdims: 1, select_last_index: 0 }),
  Asin: entry(REAL),
  Asinh: entry(REAL),
  Atan: entry(REAL),
  Atanh: entry(REAL),
  AveragePool: entry(FLOAT, { ...POOL, auto_pad: 'NOTSET', count_include_pad: 0 }),
  BatchNormalization: entry(FLOAT, { epsilon: Math.fround(1e-5) }),
  BitShift: entry(UNSIGNED, { direction: undefined }),
  BitwiseAnd: entry(INTEGER),
  BitwiseNot: entry(INTEGER),
  BitwiseOr: entry(INTEGER),
  BitwiseXor: entry(INTEGER),
  Cast: entry(STORED),
  CastLike: entry(STORED),
  Ceil: entry(REAL),
  Celu: entry(FLOAT, { alpha: 1 }),
  Clip: entry(NUMBER),
  Compress: entry(STORED, { axis: undefined }),
  Concat: entry(STORED, { axis: undefined }),
  ConstantOfShape: entry(INDEX, { value: 0 }),
  ConvInteger: entry(BYTES, { ...WINDOW, group: 1, auto_pad: 'NOTSET', kernel_shape: undefined }),
  Cos: entry(REAL),
  Cosh: entry(REAL),
  CumSum: entry(POWER, { exclusive: 0, reverse: 0 }),
  DepthToSpace: entry(STORED, { blocksize: undefined, mode: 'DCR' }),
  DequantizeLinear: entry(CODES, { axis: 1, block_size: 0 }),
  Div: entry(NUMBER),
  DynamicQuantizeLinear: entry(FLOAT),
  Einsum: entry(FLOAT, { equation: undefined }),
  Elu: entry(FLOAT, { alpha: 1 }),
  Equal: entry(new Set<DType>([...NUMBER, 'bool'])),
  Erf: entry(REAL),
  Exp: entry(REAL),
  Expand: entry(STORED),
  EyeLike: entry(STORED, { k: 0 }),
  Flatten: entry(STORED, { axis: 1 }),
  Floor: entry(REAL),
  GRU: entry(FLOAT, { ...RECURRENT, linear_before_reset: 0 }),
  Gather: entry(STORED, { axis: 0 }),
  GatherElements: entry(STORED, { axis: 0 }),
  GatherND: entry(STORED, { batch_dims: 0 }),
  Gelu: entry(FLOAT, { approximate: 'none' }),
  Gemm: entry(FLOAT, { transA: 0, transB: 0, alpha: 1, beta: 1 }),
  GlobalAveragePool: entry(FLOAT),
  GlobalLpPool: entry(FLOAT, { p: 2 }),
  GlobalMaxPool: entry(FLOAT),
  Greater: entry(NUMBER),
  GreaterOrEqual: entry(NUMBER),
  GroupNormalization: entry(FLOAT, { epsilon: Math.fround(1e-5), num_groups: undefined }),
  HardSigmoid: entry(FLOAT, { alpha: Math.fround(0.2), beta: 0.5 }),
  HardSwish: entry(FLOAT),
  Identity: entry(STORED),
  InstanceNormalization: entry(FLOAT, { epsilon: Math.fround(1e-5) }),
  IsInf: entry(REAL, { detect_negative: 1, detect_positive: 1 }),
  IsNaN: entry(REAL),
  LRN: entry(FLOAT, { alpha: Math.fround(1e-4), beta: 0.75, bias: 1, size: undefined }),
  LSTM: entry(FLOAT, { ...RECURRENT, input_forget: 0 }),
  LayerNormalization: entry(FLOAT, { axis: -1, epsilon: Math.fround(1e-5) }),
  LeakyRelu: entry(FLOAT, { alpha: Math.fround(0.01) }),
  Less: entry(NUMBER),
  LessOrEqual: entry(NUMBER),
  Log: entry(REAL),
  LogSoftmax: entry(FLOAT, { axis: -1 }),
  LpNormalization: entry(FLOAT, { axis: -1, p: 2 }),
  LpPool: entry(FLOAT, { ...POOL, auto_pad: 'NOTSET', p: 2 }),
  MatMul: entry(FLOAT),
  MatMulInteger: entry(BYTES),
  Max: entry(NUMBER),
  MaxPool: entry(FLOAT, { ...POOL, auto_pad: 'NOTSET', storage_order: 0 }),
  Mean: entry(REAL),
  MeanVarianceNormalization: entry(FLOAT, { axes: [0, 2, 3] }),
  Min: entry(NUMBER),
  Mish: entry(FLOAT),
  Mod: entry(NUMBER, { fmod: 0 }),
  Mul: entry(NUMBER),
  Neg: entry(NUMBER),
  NonMaxSuppression: entry(FLOAT, { center_point_box: 0 }),
  NonZero: entry(STORED),
  Not: entry(BOOL),
  OneHot: entry(NUMBER, { axis: -1 }),
  Or: entry(BOOL),
  PRelu: entry(NUMBER),
  Pad: entry(STORED, { mode: 'constant' }),
  Pow: entry(POWER),
  QuantizeLinear: entry(FLOAT, { axis: 1, block_size: 0 }),
  RMSNormalization: entry(FLOAT, { axis: -1, epsilon: Math.fround(1e-5) }),
  RNN: entry(FLOAT, RECURRENT),
  Range: entry(NUMBER),
  Reciprocal: entry(REAL),
  ReduceL1: entry(REDUCED, REDUCTION),
  ReduceL2: entry(REDUCED, REDUCTION),
  ReduceLogSum: entry(REDUCED, REDUCTION),
  ReduceLogSumExp: entry(REDUCED, REDUCTION),
  ReduceMax: entry(REDUCED, REDUCTION),
  ReduceMean: entry(REDUCED, REDUCTION),
  ReduceMin: entry(REDUCED, REDUCTION),
  ReduceProd: entry(REDUCED, REDUCTION),
  ReduceSum: entry(REDUCED, REDUCTION),
  ReduceSumSquare: entry(REDUCED, REDUCTION),
  Relu: entry(NUMBER),
  Reshape: entry(STORED, { allowzero: 0 }),
  Resize: entry(FLOAT_OR_BYTE, {
    coordinate_transformation_mode: 'half_pixel',
    cubic_coeff_a: -0.75,
    exclude_outside: 0,
    extrapolation_value: 0,
    keep_aspect_ratio_policy: 'stretch',
    mode: 'nearest',
    nearest_mode: 'round_prefer_floor',
    antialias: 0,
    axes: undefined,
  }),
  ReverseSequence: entry(STORED, { batch_axis: 1, time_axis: 0 }),
  Round: entry(REAL),
  ScatterElements: entry(STORED, { axis: 0, reduction: 'none' }),
  ScatterND: entry(STORED, { reduction: 'none' }),
  Selu: entry(FLOAT, { alpha: 1.6732631921768188, gamma: 1.0507010221481323 }),
  Shape: entry(STORED, { start: 0, end: undefined }),
  Sigmoid: entry(REAL),
  Sign: entry(NUMBER),
  SimplifiedLayerNormalization: entry(FLOAT, { axis: -1, epsilon: Math.fround(1e-5) }),
  Sin: entry(REAL),
  Sinh: entry(REAL),
  Size: entry(STORED),
  Slice: entry(STORED),
  Softmax: entry(FLOAT, { axis: -1 }),
  Softplus: entry(REAL),
  Softsign: entry(REAL),
  SpaceToDepth: entry(STORED, { blocksize: undefined }),
  Split: entry(STORED, { axis: 0, num_outputs: undefined }),
  Sqrt: entry(REAL),
  Squeeze: entry(STORED),
  Sub: entry(NUMBER),
  Sum: entry(NUMBER),
  Tan: entry(REAL),
  Tanh: entry(REAL),
  ThresholdedRelu: entry(FLOAT, { alpha: 1 }),
  Tile: entry(STORED),
  TopK: entry(NUMBER, { axis: -1, largest: 1, sorted: 1 }),
  Transpose: entry(STORED, { perm: undefined }),
  Trilu: entry(STORED, { upper: 1 }),
  Unsqueeze: entry(STORED),
  Where: entry(STORED),
  Xor: entry(BOOL),
};
