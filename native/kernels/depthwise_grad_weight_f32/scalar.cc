#include <cmath>

#include "kernels/depthwise_grad_weight_f32/depthwise_grad_weight_f32.h"

namespace gossamer {

void DepthwiseGradWeightF32Scalar(const PixelLines& pixels, const size_t* taps, size_t tap_count, size_t channels,
                                  float* sums) {
  const size_t stride = DepthwiseStrideF32(channels);
  for (size_t i = 0; i < pixels.count; ++i) {
    const PixelLine& line = pixels.lines[i];
    for (size_t p = 0; p < line.pixels; ++p) {
      const float *x = line.x + p * pixels.x_step, *dy = line.dy + p * pixels.dy_step;
      for (size_t t = 0; t < tap_count; ++t) {
        float* sum = sums + t * stride;
        for (size_t c = 0; c < channels; ++c) sum[c] = std::fma(x[taps[t] + c], dy[c], sum[c]);
      }
    }
  }
}

}  // namespace gossamer
