#include "kernels/simd/scalar.h"

#include "kernels/gemm_bf16/gemm_bf16.h"
#include "kernels/simd/activation.h"

namespace gossamer {
namespace {

float Widen(uint16_t bits) { return FromBits(static_cast<I32>(static_cast<uint32_t>(bits) << 16)); }

}  // namespace

void GemmBf16Scalar(const uint16_t* x, const ActivationRows& rows, size_t m0, size_t m1, const WeightsBf16& weights,
                    size_t n0, size_t n1, const FloatOutput& output) {
  for (size_t m = m0; m < m1; ++m) {
    for (size_t n = n0; n < n1; ++n) {
      const uint16_t* w = weights.data + n / kStripF32 * weights.k * kStripF32 + n % kStripF32 * 2;
      float sum = 0;
      for (size_t t = 0; t < rows.taps; ++t) {
        const uint16_t* piece = x + PieceOffset(rows, t, m);
        for (size_t i = 0; i < rows.piece; i += 2, w += 2 * kStripF32) {
          sum = std::fma(Widen(piece[i + 1]), Widen(w[1]), sum);  // products are exact: one rounding anyway
          sum = std::fma(Widen(piece[i]), Widen(w[0]), sum);
        }
      }
      if (output.bias != nullptr) sum += output.bias[n];
      if (output.residual != nullptr) sum += output.residual[m * output.residual_stride + n];
      output.y[m * output.y_stride + n] = Activate(output.act, sum);
    }
  }
}

}  // namespace gossamer
