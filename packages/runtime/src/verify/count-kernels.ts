/** How often each operator occurs. */
export type KernelCounts = Readonly<Record<string, number>>;

/** What an optimised graph computes in integers (or on codes), and what it still computes in float. */
export interface Kernels {
  readonly fusedKernels: KernelCounts;
  readonly floatKernels: KernelCounts;
}

/** Operators that run on 8-bit or 4-bit data in ONNX Runtime's CPU provider. Source: docs/OperatorKernels.md, version 1.30. */
const FUSED: ReadonlySet<string> = new Set([
  'QLinearConv',
  'QLinearMatMul',
  'MatMulInteger',
  'ConvInteger',
  'com.microsoft::QGemm',
  'com.microsoft::MatMulIntegerToFloat',
  'com.microsoft::DynamicQuantizeMatMul',
  'com.microsoft::DynamicQuantizeLSTM',
  'com.microsoft::MatMulBnb4',
  'com.microsoft::MatMulNBits',
  'com.microsoft::GatherBlockQuantized',
  'com.microsoft::QAttention',
  'com.microsoft::QLinearAdd',
  'com.microsoft::QLinearMul',
  'com.microsoft::QLinearConcat',
  'com.microsoft::QLinearWhere',
  'com.microsoft::QLinearSoftmax',
  'com.microsoft::QLinearSigmoid',
  'com.microsoft::QLinearLeakyRelu',
  'com.microsoft::QLinearAveragePool',
  'com.microsoft::QLinearGlobalAveragePool',
  'com.microsoft::QLinearConv',
  'com.microsoft.nhwc::QLinearConv',
]);

/** Float operators that would be worth quantizing: what remains of a model when fusion did not happen. */
const FLOAT: ReadonlySet<string> = new Set([
  'Conv',
  'ConvTranspose',
  'MatMul',
  'Gemm',
  'LSTM',
  'GRU',
  'RNN',
  'com.microsoft::FusedConv',
  'com.microsoft::FusedGemm',
  'com.microsoft::FusedMatMul',
  'com.microsoft.nchwc::Conv',
  'com.microsoft::Attention',
]);

/** What the graph that ONNX Runtime saved after optimisation (see countOperators) computes in. */
export function countKernels(operators: ReadonlyMap<string, number>): Kernels {
  const fusedKernels: Record<string, number> = {};
  const floatKernels: Record<string, number> = {};
  for (const [kind, count] of operators) {
    const counts = FUSED.has(kind) ? fusedKernels : FLOAT.has(kind) ? floatKernels : undefined;
    const op = kind.slice(kind.lastIndexOf(':') + 1);
    if (counts) counts[op] = (counts[op] ?? 0) + count;
  }
  return { fusedKernels, floatKernels };
}
