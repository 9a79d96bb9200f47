#include "kernels/simd/scalar.h"

#include "kernels/gemm_f32/gemm_f32.h"
#include "kernels/simd/activation.h"

namespace gossamer {
namespace {

void Finish(const FloatOutput& output, size_t m, size_t n, float sum) {
  if (output.bias != nullptr) sum += output.bias[n];
  if (output.residual != nullptr) sum += output.residual[m * output.residual_stride + n];
  output.y[m * output.y_stride + n] = Activate(output.act, sum);
}

}  // namespace

void GemmF32Scalar(const float* x, const ActivationRows& rows, size_t m0, size_t m1, const WeightsF32& weights,
                   size_t n0, size_t n1, const FloatOutput& output) {
  for (size_t m = m0; m < m1; ++m) {
    for (size_t n = n0; n < n1; ++n) {
      const float* w = weights.data + n / kStripF32 * weights.strip_stride + n % kStripF32;
      float sum = 0;
      for (size_t t = 0; t < rows.taps; ++t) {
        const float* piece = x + PieceOffset(rows, t, m);
        for (size_t i = 0; i < rows.piece; ++i, w += weights.row_stride) sum = std::fma(piece[i], *w, sum);
      }
      Finish(output, m, n, sum);
    }
  }
}

void GemmTransposedF32Scalar(const float* x, size_t x_stride, size_t m0, size_t m1, const WeightsF32& weights,
                             size_t n0, size_t n1, const FloatOutput& output) {
  for (size_t m = m0; m < m1; ++m) {
    for (size_t n = n0; n < n1; ++n) {
      const float* w = weights.data + n / kStripF32 * weights.strip_stride + n % kStripF32;
      float sum = output.goes_on ? output.y[m * output.y_stride + n] : 0;
      for (size_t k = 0; k < weights.k; ++k, w += weights.row_stride) sum = std::fma(x[k * x_stride + m], *w, sum);
      Finish(output, m, n, sum);
    }
  }
}

}  // namespace gossamer
