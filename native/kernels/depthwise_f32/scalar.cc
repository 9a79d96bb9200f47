#include "kernels/simd/scalar.h"

#include "kernels/depthwise_f32/depthwise_f32.h"
#include "kernels/simd/activation.h"

namespace gossamer {

void DepthwiseF32Scalar(const float* x, const ActivationRows& rows, size_t m0, size_t m1, const float* weights,
                        const FloatOutput& output) {
  const size_t stride = DepthwiseStrideF32(rows.piece);
  for (size_t m = m0; m < m1; ++m) {
    for (size_t c = 0; c < rows.piece; ++c) {
      float sum = 0;
      for (size_t t = 0; t < rows.taps; ++t) {
        sum = std::fma(x[PieceOffset(rows, t, m) + c], weights[t * stride + c], sum);
      }
      if (output.bias != nullptr) sum += output.bias[c];
      if (output.residual != nullptr) sum += output.residual[m * output.residual_stride + c];
      output.y[m * output.y_stride + c] = Activate(output.act, sum);
    }
  }
}

}  // namespace gossamer
