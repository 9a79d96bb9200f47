/**
 * How operators of the standard will be differentiated, as the training form is planned (docs/architecture.md): a plan, not a result.
 * Operators in none of these lists are refused in training: their results are integers, strings, sequences or random.
 */

/** Primitives of the training form: each gets a rule of its own. */
const PRIMITIVE = new Set(
  `Abs Add AveragePool Cast Clip Concat Conv ConvTranspose Cos Div Einsum Erf Exp Expand Flatten Gather GatherElements GatherND Gelu Gemm
  GlobalAveragePool GlobalMaxPool Identity LeakyRelu Log LogSoftmax MatMul Max MaxPool Min Mul Neg Pad Pow ReduceMax ReduceMean ReduceMin
  ReduceProd ReduceSum Relu Reshape Resize Round ScatterElements ScatterND Sigmoid Sin Slice Softmax Split Sqrt Squeeze Sub Tanh Tile
  Transpose Unsqueeze Where`.split(/\s+/),
);

/** Registered functions: a standard body, and a kernel where one pays. */
const FUNCTION = new Set(
  `BatchNormalization GRU GroupNormalization InstanceNormalization LSTM LayerNormalization NegativeLogLikelihoodLoss RMSNormalization
  RNN SoftmaxCrossEntropyLoss`.split(/\s+/),
);

/** Written as primitives before differentiation. */
const LOWERED = new Set(
  `Acos Acosh AffineGrid Asin Asinh Atan Atanh Attention Celu CenterCropPad Compress Cosh CumProd CumSum DepthToSpace Dropout Elu GlobalLpPool GridSample
  HardSigmoid HardSwish LRN LpNormalization LpPool Mean MeanVarianceNormalization Mish PRelu Reciprocal ReduceL1 ReduceL2 ReduceLogSum
  ReduceLogSumExp ReduceSumSquare RotaryEmbedding Selu Sinh Softplus Softsign SpaceToDepth Sum SwiGLU Swish Tan ThresholdedRelu Trilu
  Upsample`.split(/\s+/),
);

/** Constants for gradients: nothing flows back through them. */
const CONSTANT = new Set(
  `And ArgMax ArgMin BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor Ceil Constant ConstantOfShape Equal EyeLike Floor Greater
  GreaterOrEqual Hardmax IsInf IsNaN Less LessOrEqual NonZero Not OneHot Or Range Shape Sign Size Xor`.split(/\s+/),
);

export type GradientPlan = 'primitive' | 'function' | 'lowered' | 'constant' | 'refused';

/** What the training form will make of a standard operator. */
export function gradientPlan(op: string): GradientPlan {
  if (PRIMITIVE.has(op)) return 'primitive';
  if (FUNCTION.has(op)) return 'function';
  if (LOWERED.has(op)) return 'lowered';
  return CONSTANT.has(op) ? 'constant' : 'refused';
}

/** Names in the plan, to be held against the standard's own list. */
export const PLANNED: readonly string[] = [...PRIMITIVE, ...FUNCTION, ...LOWERED, ...CONSTANT];
