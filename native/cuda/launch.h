// CUDA kernels over arrays of the host: copies them to the device, launches, copies the result back. All throw
// EngineError (driver.h).
#pragma once
#include <cstddef>
#include <cstdint>

#include "kernels/histogram/tensor.h"
#include "kernels/quantize_affine/tensor.h"

namespace gossamer {

// As QuantizeTensor and DequantizeTensor, bit for bit; of kBytes only.
void CudaQuantizeTensor(const float* x, const QuantizedTensor& tensor, CodeRange range, uint8_t* codes);
void CudaDequantizeTensor(const uint8_t* codes, const QuantizedTensor& tensor, float* x);

// As CountHistogram; the range is found on the CPU. False when aborted.
bool CudaCountHistogram(const float* x, size_t count, uint32_t half, double* counts, HistogramSummary* summary,
                        AbortFlag abort);

// kernels/histogram: adds to counts [2 * half] and *zero_count.
void CudaCountBins(const float* x, size_t count, HistogramBins bins, uint64_t* counts, uint64_t* zero_count);

}  // namespace gossamer
