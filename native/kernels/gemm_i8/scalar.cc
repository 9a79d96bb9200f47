#include "kernels/simd/scalar.h"

#include "kernels/gemm_i8/gemm_i8.h"
#include "kernels/simd/activation.h"
#include "kernels/simd/int8_scalar.h"

namespace gossamer {

void GemmI8Scalar(const uint8_t* x, const ActivationRows& rows, size_t row_begin, size_t row_end,
                  const PackedWeightsI8& weights, size_t panel_begin, size_t panel_end, const Int8Output& output) {
  const size_t first = panel_begin * kPanelOutputs, end = std::min(weights.outputs, panel_end * kPanelOutputs);
  for (size_t n = first; n < end; ++n) {
    const size_t panel = n / kPanelOutputs * kPanelOutputs, left = weights.outputs - panel;
    const size_t width = std::min(kPanelOutputs, (left + kOutputQuantum - 1) / kOutputQuantum * kOutputQuantum);
    const int8_t* w = weights.panels + panel * weights.taps * weights.steps * 4 + (n - panel) * 4;
    for (size_t m = row_begin; m < row_end; ++m) {
      uint32_t sum = 0;  // unsigned: it may wrap
      for (size_t t = 0; t < weights.taps; ++t) {
        const uint8_t* piece = x + PieceOffset(rows, t, m);
        for (size_t k = 0; k < weights.piece; ++k) {
          sum += static_cast<uint32_t>(piece[k] * w[(t * weights.steps + k / 4) * width * 4 + k % 4]);
        }
      }
      FinishInt8(output, m, n, static_cast<int32_t>(sum));
    }
  }
}

void RowSumsI8Scalar(const uint8_t* x, const ActivationRows& rows, size_t row_begin, size_t row_end, int32_t* sums) {
  for (size_t m = row_begin; m < row_end; ++m) {
    uint32_t sum = 0;
    for (size_t t = 0; t < rows.taps; ++t) {
      const uint8_t* piece = x + PieceOffset(rows, t, m);
      for (size_t k = 0; k < rows.piece; ++k) sum += piece[k];
    }
    sums[m] = static_cast<int32_t>(sum);
  }
}

}  // namespace gossamer
