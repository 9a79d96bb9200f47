#include <algorithm>

#include "kernels/requantize_i32/requantize_i32.h"

namespace gossamer {

void RequantizeI32Scalar(const RequantizeSpec& spec, const int32_t* x, size_t rows, size_t count, size_t x_stride,
                         uint8_t* y, size_t y_stride) {
  for (size_t r = 0; r < rows; ++r) {
    for (size_t n = 0; n < count; ++n) {
      const FixedPoint factor{spec.multiplier[n], spec.left[n], spec.right[n]};
      const int64_t q = int64_t{Requantize(x[r * x_stride + n], factor)} + spec.zero_point;
      y[r * y_stride + n] = static_cast<uint8_t>(std::clamp<int64_t>(q, spec.low, spec.high));
    }
  }
}

}  // namespace gossamer
