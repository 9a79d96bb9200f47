#include <cmath>

#include "kernels/conv_grad_weight_f32/conv_grad_weight_f32.h"

namespace gossamer {

void ConvGradWeightF32Scalar(const PixelLines& pixels, size_t rows, size_t columns, float* sums, size_t strip_stride) {
  for (size_t i = 0; i < pixels.count; ++i) {
    const PixelLine& line = pixels.lines[i];
    for (size_t p = 0; p < line.pixels; ++p) {
      const float *x = line.x + p * pixels.x_step, *dy = line.dy + p * pixels.dy_step;
      for (size_t n = 0; n < columns; ++n) {
        float* sum = sums + n / kStripF32 * strip_stride + n % kStripF32;
        for (size_t m = 0; m < rows; ++m) sum[m * kStripF32] = std::fma(x[m], dy[n], sum[m * kStripF32]);
      }
    }
  }
}

}  // namespace gossamer
