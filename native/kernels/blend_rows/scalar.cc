#include "kernels/blend_rows/blend_rows.h"

namespace gossamer {

void BlendRowsScalar(const float* const* rows, const float* weights, size_t taps, size_t count, float* y) {
  for (size_t i = 0; i < count; ++i) {
    float sum = taps == 0 ? 0.0f : weights[0] * rows[0][i];
    for (size_t t = 1; t < taps; ++t) sum += weights[t] * rows[t][i];
    y[i] = sum;
  }
}

}  // namespace gossamer
