#include "kernels/gemm_bf16/gemm_bf16.h"
#include "kernels/small_float/small_float.h"

namespace gossamer {

void PackBf16(const WeightsF32& weights, uint16_t* packed) {
  uint16_t rows[2][kStripF32];
  for (size_t s = 0; s < StripsF32(weights.n); ++s) {
    const float* strip = weights.data + s * weights.strip_stride;
    for (size_t k = 0; k < weights.k; k += 2, packed += 2 * kStripF32) {
      F32ToBf16()(strip + k * weights.row_stride, kStripF32, rows[0]);
      F32ToBf16()(strip + (k + 1) * weights.row_stride, kStripF32, rows[1]);
      for (size_t j = 0; j < kStripF32; ++j) {
        packed[2 * j] = rows[0][j];
        packed[2 * j + 1] = rows[1][j];
      }
    }
  }
}

}  // namespace gossamer
