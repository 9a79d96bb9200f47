const STANDARD = `
  Abs Acos Acosh Add ArgMax ArgMin Asin Asinh Atan Atanh AveragePool BatchNormalization Cast Ceil Clip Concat
  Conv ConvTranspose Cos Cosh CumSum DFT DepthToSpace DequantizeLinear Div Einsum Elu Equal Erf Exp Expand
  Flatten Floor Gather GatherElements GatherND Gelu Gemm GlobalAveragePool GlobalMaxPool Greater GreaterOrEqual
  GridSample HardSigmoid HardSwish If InstanceNormalization LayerNormalization LeakyRelu Less LessOrEqual Log
  MatMul MaxPool Mul Neg Not Pad Pow Range Reciprocal ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax
  ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare Relu Reshape Resize ScatterND Shape Sigmoid
  SimplifiedLayerNormalization Sin Sinh Slice Softmax Split Sqrt Squeeze Sub Tan Tanh ThresholdedRelu Tile
  Transpose Unsqueeze Where`;
const MICROSOFT = `
  Attention BiasAdd BiasSplitGelu FastGelu FusedConv GatherBlockQuantized Gelu GroupQueryAttention MatMulNBits
  MultiHeadAttention QuickGelu RotaryEmbedding SkipLayerNormalization SkipSimplifiedLayerNormalization`;

const words = (text: string): string[] => text.trim().split(/\s+/);

/**
 * Kinds of operators that have a kernel in the WebGPU provider of ONNX Runtime Web, whatever the opset; constants and control flow are not of its concern.
 *
 * Source: onnxruntime-web 1.30.0, docs/webgpu-operators.md.
 */
export const WEBGPU_OPERATORS: ReadonlySet<string> = new Set([
  ...words(STANDARD),
  ...words(MICROSOFT).map((op) => `com.microsoft::${op}`),
]);
