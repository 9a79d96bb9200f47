#include "kernels/simd/scalar.h"

#include <algorithm>

#include "kernels/simd/activation.h"
#include "kernels/sparse_f32/sparse_f32.h"

namespace gossamer {

void SparseF32Scalar(const float* x, const ActivationRows& rows, size_t m0, size_t m1, const SparseWeightsF32& w,
                     size_t n0, size_t n1, const FloatOutput& output, void*) {
  for (size_t m = m0; m < m1; ++m) {
    for (size_t n = n0; n < n1; ++n) {
      float sum = 0;
      for (size_t block = 0; block < w.Blocks(); ++block) {
        const size_t panel = block * w.Panels() + n / kSparsePanelF32;
        const uint8_t *count = w.counts + panel * kSparsePanelF32, *order = w.order + panel * kSparsePanelF32;
        size_t at = w.starts[panel];
        for (; *order != n % kSparsePanelF32; ++order) at += *count++;
        float chains[2] = {sum, 0};
        for (size_t i = 0; i < *count; ++i, ++at) {
          const size_t k = block * kSparseBlockF32 + w.places[at];
          const float activation = x[PieceOffset(rows, k / rows.piece, m) + k % rows.piece];
          chains[i % 2] = std::fma(w.values[at], activation, chains[i % 2]);
        }
        sum = chains[0] + chains[1];
      }
      if (output.bias != nullptr) sum += output.bias[n];
      if (output.residual != nullptr) sum += output.residual[m * output.residual_stride + n];
      output.y[m * output.y_stride + n] = Activate(output.act, sum);
    }
  }
}

}  // namespace gossamer
