// The vector body of blend_rows, written over the operations of one kernels/simd/ header, which is included first.
#include "kernels/blend_rows/blend_rows.h"

namespace gossamer {

void GOSSAMER_SIMD(BlendRows)(const float* const* rows, const float* weights, size_t taps, size_t count, float* y) {
  size_t i = 0;
  if (taps == 2) {  // linear interpolation
    const float *a = rows[0], *b = rows[1];
    const F32 v = Fill(weights[0]), w = Fill(weights[1]);
    for (; i + kLanes <= count; i += kLanes) Store(y + i, Add(Mul(v, Load(a + i)), Mul(w, Load(b + i))));
  } else if (taps > 0) {
    for (; i + kLanes <= count; i += kLanes) {
      F32 sum = Mul(Fill(weights[0]), Load(rows[0] + i));
      for (size_t t = 1; t < taps; ++t) sum = Add(sum, Mul(Fill(weights[t]), Load(rows[t] + i)));
      Store(y + i, sum);
    }
  }
  for (; i < count; ++i) {
    float sum = taps == 0 ? 0.0f : weights[0] * rows[0][i];
    for (size_t t = 1; t < taps; ++t) sum += weights[t] * rows[t][i];
    y[i] = sum;
  }
}

}  // namespace gossamer
