import type { DType } from '@gossamer/graph';

/** What the compiler knows of an operator that it hands to the engine. */
export interface OperatorEntry {
  /** Element types that its first operand that is one of data may have. */
  readonly types: ReadonlySet<DType>;
  /** Attributes that are handed over, with the standard's default; undefined: none unless it is given. */
  readonly attributes: Readonly<Record<string, number | readonly number[] | string | undefined>>;
}

const FLOAT: ReadonlySet<DType> = new Set<DType>(['float32']);
const BYTE: ReadonlySet<DType> = new Set<DType>(['uint8']);
const FLOAT_OR_BYTE: ReadonlySet<DType> = new Set<DType>(['float32', 'uint8']);
const CODES: ReadonlySet<DType> = new Set<DType>(['uint8', 'int8', 'int32']);
const BOOL: ReadonlySet<DType> = new Set<DType>(['bool']);
const INDEX: ReadonlySet<DType> = new Set<DType>(['int64', 'int32']);
const NUMBER: ReadonlySet<DType> = new Set<DType>(['float32', 'int64', 'int32']);
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
const INT8 = {
  result: 'int32',
  x_zero_point: undefined,
  w_zero_points: undefined,
  scales: undefined,
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
const RECURRENT = { direction: 'forward', hidden_size: undefined, layout: 0, clip: undefined };

/** The engine's own operators (docs/engine.md). */
export const OWN_OPERATORS: Readonly<Record<string, OperatorEntry>> = {
  Attention4D: entry(FLOAT, {
    scale: undefined,
    q_layout: 'bhsd',
    k_layout: 'bhsd',
    v_layout: 'bhsd',
    y_layout: 'bhsd',
  }),
  Activate: entry(FLOAT, ACTIVATION),
  AveragePoolNhwc: entry(FLOAT, { ...POOL, count_include_pad: 0 }),
  ConvNhwc: entry(FLOAT, { ...WINDOW, group: 1, ...ACTIVATION }),
  ConvTransposeNhwc: entry(FLOAT, { ...WINDOW, group: 1, output_padding: undefined, ...ACTIVATION }),
  Int8AveragePoolNhwc: entry(BYTE, { ...POOL, count_include_pad: 0, global: 0, ...AFFINE }),
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
  }),
  Int8Concat: entry(BYTE, {
    axis: undefined,
    scales: undefined,
    zero_points: undefined,
    y_scale: undefined,
    y_zero_point: undefined,
  }),
  Int8Conv: entry(BYTE, { ...WINDOW, group: 1, ...INT8 }),
  Int8Linear: entry(BYTE, { trans_b: 0, ...INT8 }),
  Int8Table: entry(BYTE, { table: undefined }),
  Linear: entry(FLOAT, { trans_b: 0, ...ACTIVATION }),
  MatMul: entry(FLOAT, { trans_a: 0, trans_b: 0, alpha: 1 }),
  MatMulNBits: entry(FLOAT, { ...NBITS, ...ACTIVATION }),
  MaxPoolNhwc: entry(FLOAT_OR_BYTE, POOL),
};

/** Operators of com.microsoft that the engine has under their own names. */
export const MICROSOFT_OPERATORS: Readonly<Record<string, OperatorEntry>> = {
  GatherBlockQuantized: entry(STORED, { bits: 4, block_size: 128, gather_axis: 0, quantize_axis: 1 }),
  MatMulNBits: entry(FLOAT, NBITS),
};

/** Operators of the standard, opset 21. */
export const STANDARD_OPERATORS: Readonly<Record<string, OperatorEntry>> = {
  Abs: entry(NUMBER),
  Acos: entry(FLOAT),
  Acosh: entry(FLOAT),
  Add: entry(NUMBER),
  And: entry(BOOL),
  ArgMax: entry(FLOAT, { axis: 0, keepdims: 1, select_last_index: 0 }),
  ArgMin: entry(FLOAT, { axis: 0, keepdims: 1, select_last_index: 0 }),
  Asin: entry(FLOAT),
  Asinh: entry(FLOAT),
  Atan: entry(FLOAT),
  Atanh: entry(FLOAT),
  BatchNormalization: entry(FLOAT, { epsilon: Math.fround(1e-5) }),
  Cast: entry(STORED),
  Ceil: entry(FLOAT),
  Celu: entry(FLOAT, { alpha: 1 }),
  Clip: entry(NUMBER),
  Concat: entry(STORED, { axis: undefined }),
  ConstantOfShape: entry(INDEX, { value: 0 }),
  Cos: entry(FLOAT),
  Cosh: entry(FLOAT),
  CumSum: entry(NUMBER, { exclusive: 0, reverse: 0 }),
  DepthToSpace: entry(STORED, { blocksize: undefined, mode: 'DCR' }),
  DequantizeLinear: entry(CODES, { axis: 1, block_size: 0 }),
  Div: entry(NUMBER),
  DynamicQuantizeLinear: entry(FLOAT),
  Einsum: entry(FLOAT, { equation: undefined }),
  Elu: entry(FLOAT, { alpha: 1 }),
  Equal: entry(new Set<DType>([...NUMBER, 'bool'])),
  Erf: entry(FLOAT),
  Exp: entry(FLOAT),
  Expand: entry(STORED),
  Flatten: entry(STORED, { axis: 1 }),
  Floor: entry(FLOAT),
  GRU: entry(FLOAT, { ...RECURRENT, linear_before_reset: 0 }),
  Gather: entry(STORED, { axis: 0 }),
  GatherElements: entry(STORED, { axis: 0 }),
  GatherND: entry(STORED, { batch_dims: 0 }),
  Gelu: entry(FLOAT, { approximate: 'none' }),
  Greater: entry(NUMBER),
  GreaterOrEqual: entry(NUMBER),
  GroupNormalization: entry(FLOAT, { epsilon: Math.fround(1e-5), num_groups: undefined }),
  HardSigmoid: entry(FLOAT, { alpha: Math.fround(0.2), beta: 0.5 }),
  HardSwish: entry(FLOAT),
  Identity: entry(STORED),
  InstanceNormalization: entry(FLOAT, { epsilon: Math.fround(1e-5) }),
  IsInf: entry(FLOAT, { detect_negative: 1, detect_positive: 1 }),
  IsNaN: entry(FLOAT),
  LSTM: entry(FLOAT, { ...RECURRENT, input_forget: 0 }),
  LayerNormalization: entry(FLOAT, { axis: -1, epsilon: Math.fround(1e-5) }),
  LeakyRelu: entry(FLOAT, { alpha: Math.fround(0.01) }),
  Less: entry(NUMBER),
  LessOrEqual: entry(NUMBER),
  Log: entry(FLOAT),
  LogSoftmax: entry(FLOAT, { axis: -1 }),
  LpNormalization: entry(FLOAT, { axis: -1, p: 2 }),
  MatMul: entry(FLOAT),
  Max: entry(NUMBER),
  Mean: entry(FLOAT),
  Min: entry(NUMBER),
  Mish: entry(FLOAT),
  Mod: entry(NUMBER, { fmod: 0 }),
  Mul: entry(NUMBER),
  Neg: entry(NUMBER),
  NonZero: entry(STORED),
  Not: entry(BOOL),
  OneHot: entry(INDEX, { axis: -1 }),
  Or: entry(BOOL),
  PRelu: entry(FLOAT),
  Pad: entry(STORED, { mode: 'constant' }),
  Pow: entry(FLOAT),
  QuantizeLinear: entry(FLOAT, { axis: 1, block_size: 0 }),
  RMSNormalization: entry(FLOAT, { axis: -1, epsilon: Math.fround(1e-5) }),
  RNN: entry(FLOAT, RECURRENT),
  Range: entry(NUMBER),
  Reciprocal: entry(FLOAT),
  ReduceL1: entry(FLOAT, REDUCTION),
  ReduceL2: entry(FLOAT, REDUCTION),
  ReduceLogSum: entry(FLOAT, REDUCTION),
  ReduceLogSumExp: entry(FLOAT, REDUCTION),
  ReduceMax: entry(NUMBER, REDUCTION),
  ReduceMean: entry(FLOAT, REDUCTION),
  ReduceMin: entry(NUMBER, REDUCTION),
  ReduceProd: entry(NUMBER, REDUCTION),
  ReduceSum: entry(NUMBER, REDUCTION),
  ReduceSumSquare: entry(FLOAT, REDUCTION),
  Relu: entry(FLOAT),
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
  Round: entry(FLOAT),
  ScatterElements: entry(STORED, { axis: 0, reduction: 'none' }),
  ScatterND: entry(STORED, { reduction: 'none' }),
  Selu: entry(FLOAT, { alpha: 1.6732631921768188, gamma: 1.0507010221481323 }),
  Shape: entry(STORED, { start: 0, end: undefined }),
  Sigmoid: entry(FLOAT),
  Sign: entry(FLOAT),
  Sin: entry(FLOAT),
  Sinh: entry(FLOAT),
  Size: entry(STORED),
  Slice: entry(STORED),
  Softmax: entry(FLOAT, { axis: -1 }),
  Softplus: entry(FLOAT),
  Softsign: entry(FLOAT),
  SpaceToDepth: entry(STORED, { blocksize: undefined }),
  Split: entry(STORED, { axis: 0, num_outputs: undefined }),
  Sqrt: entry(FLOAT),
  Squeeze: entry(STORED),
  Sub: entry(NUMBER),
  Sum: entry(FLOAT),
  Tan: entry(FLOAT),
  Tanh: entry(FLOAT),
  ThresholdedRelu: entry(FLOAT, { alpha: 1 }),
  Tile: entry(STORED),
  TopK: entry(FLOAT, { axis: -1, largest: 1, sorted: 1 }),
  Transpose: entry(STORED, { perm: undefined }),
  Trilu: entry(STORED, { upper: 1 }),
  Unsqueeze: entry(STORED),
  Where: entry(STORED),
  Xor: entry(BOOL),
};
