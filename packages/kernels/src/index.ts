export { type AffineArrayParams, type AffineParams } from './affine-params.js';
export { allocateAligned, type ArrayKind, tuneAllocator } from './aligned-memory.js';
export { addInto, scaleInPlace, sumOfSquares, sumOfSquaresAsync } from './array-lists.js';
export { type AxisView, axisView } from './axis-view.js';
export { type BlockOptions, type ClipSearch } from './block-scheme.js';
export { canDecodeTensors, decodeTensor } from './decode-tensor.js';
export {
  dequantizeAffine,
  dequantizeAffineAsync,
  dequantizeAffineAxis,
  dequantizeAffineAxisAsync,
  dequantizeAffineAxisCuda,
  dequantizeAffineBlocks,
  dequantizeAffineBlocksAsync,
  dequantizeAffineBlocksCuda,
  dequantizeAffineCuda,
  type PackedLength,
} from './dequantize-affine.js';
export { type KernelErrorCode } from './error-codes.js';
export { type ErrorStats, errorStats, errorStatsAsync } from './error-stats.js';
export { Histogram, type HistogramOptions } from './histogram.js';
export { type HistogramJson } from './histogram-json.js';
export { type Isa, type IsaInfo, isaInfo, setThreads } from './isa-info.js';
export {
  type MinMax,
  minMax,
  type MinMaxArrays,
  minMaxAsync,
  minMaxAxis,
  minMaxAxisAsync,
  minMaxBlocks,
  minMaxBlocksAsync,
} from './min-max.js';
export {
  choleskyAsync,
  columnsByEnergy,
  type DampingOptions,
  inverse,
  inverseAsync,
  reverseCholeskyAsync,
  type DampedFactor,
  permuteSymmetric,
} from './linalg/factor.js';
export { dampedMoment } from './linalg/damped-moment.js';
export { largeSingularValues } from './linalg/large-singular-values.js';
export { multiplyMatrices, transposeMatrix } from './linalg/multiply-matrices.js';
export { type DriftProblem, followInputsAsync } from './linalg/follow-inputs.js';
export { addGram, addGramAsync, type GramVectors, mirrorUpper } from './linalg/gram.js';
export { type Hadamard, hadamard, multiplyHadamard } from './linalg/hadamard.js';
export {
  type BlockFit,
  type ColumnMask,
  type ColumnProblem,
  type ColumnSolution,
  solveColumnsAsync,
} from './linalg/solve-columns.js';
export { outputError, outputErrorAsync, type WeightChange } from './linalg/output-error.js';
export { singularValues, type SingularValues } from './linalg/singular-values.js';
export { type RefinedRows, type RefineProblem, refineRowsAsync } from './linalg/refine-rows.js';
export { type RowMask, type RowProblem, type RowSolution, shareRemovals, solveRowsAsync } from './linalg/solve-rows.js';
export {
  type AffineSolverGrid,
  type LevelSolverGrid,
  type SolverCodes,
  type SolverGrid,
} from './linalg/solver-grid.js';
export { symmetricEigen, type SymmetricEigen } from './linalg/symmetric-eigen.js';
export { type AsyncOptions } from './native-call.js';
export type { OptimizerCoefficients, OptimizerRule } from './optimizer-rule.js';
export { optimizerStep, optimizerStepAsync, type OptimizerTensor } from './optimizer-step.js';
export { packInt2, packInt4, unpackInt2, unpackInt4 } from './pack-bits.js';
export { type LoopWork, MAX_ROUNDS, type PeakLoop, peakLoop, readLoop } from './peak-loop.js';
export { type Int8WeightLayout, predictInt8 } from './predict-int8.js';
export {
  quantizeAffine,
  quantizeAffineAsync,
  quantizeAffineAxis,
  quantizeAffineAxisAsync,
  quantizeAffineAxisCuda,
  quantizeAffineBlocks,
  quantizeAffineBlocksAsync,
  quantizeAffineBlocksCuda,
  quantizeAffineCuda,
} from './quantize-affine.js';
export { type ByteDtype, quantizeBlocks, quantizeBlocksAsync, type QuantizedBlocks } from './quantize-blocks.js';
export {
  type ChannelOptions,
  quantizeChannels,
  quantizeChannelsAsync,
  type QuantizedChannels,
} from './quantize-channels.js';
export { type MatMulNBits, quantizeMatMulNBits, quantizeMatMulNBitsAsync } from './quantize-matmul-nbits.js';
export { type Codes, type QuantizedDtype } from './quantized-dtype.js';
export {
  bf16ToF32,
  bf16ToF32Async,
  f16ToF32,
  f16ToF32Async,
  f32ToBf16,
  f32ToBf16Async,
  f32ToF16,
  f32ToF16Async,
} from './small-float.js';
export { type CudaInfo, cudaInfo, type CudaMemory, cudaMemory } from './cuda-info.js';
export {
  type CudaI8Format,
  type CudaI8Options,
  CudaMatMulI8,
  CudaMatMulNBits,
  type CudaNBitsOptions,
  type CudaWeightSize,
} from './cuda-matmul.js';
export { transpose2d, transpose2dAsync, type Transposable } from './transpose-2d.js';
export {
  isEngineDType,
  type OperatorNote,
  operatorTypes,
  Program,
  type ProgramAttributes,
  ProgramBuilder,
  type ProgramRunOptions,
  ProgramState,
  type ProgramTensor,
} from './program.js';
