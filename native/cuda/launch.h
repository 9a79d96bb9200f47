// The CUDA kernels over arrays of the host: copies them to the device, launches, copies the result back. All throw
// EngineError (ERR_CUDA) when there is no GPU or the driver fails.
#pragma once
#include <cstddef>
#include <cstdint>

namespace gossamer {

// y[m, n] = sum_k x[m, k] * w[n, k]; x [m, k] uint8, w [n, k] int8. Tensor cores where the GPU has them.
void CudaGemmI8(const uint8_t* x, const int8_t* w, int32_t* y, size_t m, size_t n, size_t k);

// The same for weights that are mostly zeros, from their dense form.
void CudaSparseI8(const uint8_t* x, const int8_t* w, int32_t* y, size_t m, size_t n, size_t k);

// The same for weights of which at most two of every four along k are not zero; EngineError (ERR_CUDA_PATTERN) otherwise.
void CudaTwoFourI8(const uint8_t* x, const int8_t* w, int32_t* y, size_t m, size_t n, size_t k);

// com.microsoft::MatMulNBits with 4 bits: codes [n, blocks, block_size / 2], scales [n, blocks], zeros [n, (blocks + 1) / 2]
// or null for 8. block_size a multiple of 32.
void CudaGemmNbits4(const float* x, const uint8_t* codes, const float* scales, const uint8_t* zeros, float* y, size_t m,
                    size_t n, size_t k, size_t block_size);

// ONNX QuantizeLinear and DequantizeLinear of [outer, axis, inner], scale and zero point [axis].
struct CudaAffine {
  size_t outer, axis, inner;
  const float* scale;
  const int32_t* zero_point;
};
void CudaQuantize(const float* x, const CudaAffine& affine, int32_t min, int32_t max, uint8_t* q);
void CudaDequantize(const uint8_t* q, const CudaAffine& affine, bool is_signed, float* x);

// kernels/histogram: adds to counts [2 * half] and *zero_count.
void CudaCountBins(const float* x, size_t count, int32_t exponent, uint32_t half, uint64_t* counts,
                   uint64_t* zero_count);

}  // namespace gossamer
