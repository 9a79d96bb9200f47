// The operations that JavaScript can call: each reads and checks its arguments and returns the work to do. Their
// arguments are typed and documented in index.d.ts.
#pragma once
#include "addon/arguments.h"
#include "addon/environment.h"

namespace gossamer {

using PrepareFn = Work(Arguments& args);

// addon/quantize.cc
PrepareFn PrepareQuantizeTensor, PrepareDequantizeTensor, PrepareQuantizeChannels;
// addon/statistics.cc
PrepareFn PrepareMinMaxTensor, PrepareCountHistogram, PrepareErrorStats;
// addon/convert.cc
PrepareFn PrepareNarrowFloats, PrepareWidenFloats, PreparePackBits, PrepareUnpackBits, PrepareTranspose;
// addon/blocks.cc
PrepareFn PrepareQuantizeMatMulNBits, PrepareQuantizeBlockedWeight;

// The same on the GPU.
PrepareFn PrepareQuantizeTensorCuda, PrepareDequantizeTensorCuda, PrepareCountHistogramCuda;

// addon/peak.cc
PrepareFn PreparePeakLoop, PrepareReadLoop;

// addon/optimizer.cc
PrepareFn PrepareOptimizerStep, PrepareScaleInPlace, PrepareAddInto, PrepareSumOfSquares;

// addon/predict.cc
PrepareFn PreparePredictInt8;

// addon/encode.cc
PrepareFn PrepareDecodeTensor;

// addon/linalg.cc
PrepareFn PrepareAddGram, PrepareFactorMatrix, PrepareFollowInputs, PrepareOutputError, PrepareRefineRows,
    PrepareSolveColumns, PrepareSolveRows;

// addon/system.cc
void RegisterSystem(Napi::Object exports);

// addon/cuda.cc
void RegisterCuda(Napi::Object cuda);

}  // namespace gossamer
