// Sums of outer products of pixels: the gradient of the weights of a convolution, for some of its taps.
#pragma once
#include <cstddef>

#include "kernels/dispatch.h"
#include "kernels/gemm_f32/gemm_f32.h"

namespace gossamer {

// Pixels side by side: pixel p of x begins at x + p * x_step, that of dy at dy + p * dy_step.
struct PixelLine {
  const float *x, *dy;
  size_t pixels;
};

struct PixelLines {
  const PixelLine* lines;
  size_t count, x_step, dy_step;
};

// sums[s * strip_stride + m * 16 + j] += sum over all pixels of x[m] * dy[16 * s + j], for m < rows and 16 * s + j <
// columns; what the rest of the last strip then holds is not said. A chain of fused multiply-adds in the order of the
// lines and their pixels, from what the sums were: the same bits on every instruction set. Kernels may read up to 15
// floats behind the `columns` of a pixel of dy, but exactly `rows` of one of x.
using ConvGradWeightF32Fn = void(const PixelLines& pixels, size_t rows, size_t columns, float* sums,
                                 size_t strip_stride);

ConvGradWeightF32Fn ConvGradWeightF32Scalar, ConvGradWeightF32Avx2, ConvGradWeightF32Avx512, ConvGradWeightF32Neon;

VariantList<ConvGradWeightF32Fn> ConvGradWeightF32Variants();
ConvGradWeightF32Fn& ConvGradWeightF32();  // best one for this CPU

}  // namespace gossamer
