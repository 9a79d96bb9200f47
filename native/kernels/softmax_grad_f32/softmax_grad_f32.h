// Gradients of softmax and of its logarithm with respect to what they were taken of.
#pragma once
#include <cstddef>

#include "kernels/softmax_f32/softmax_f32.h"

namespace gossamer {

// With y the result of the kind and dy the gradient that reaches it, sums in the order of kernels/simd/fold_row.h:
//   kSoftmax: dx = y * (dy - sum(dy * y)), the products of the sum by fma      kLog: dx = fma(-exp(y), sum(dy), dy)
// rows rows of cols floats, one after the other; dx may be dy or y. Bit-exact across variants, but for the bits of NaN,
// as the next.
using SoftmaxGradF32Fn = void(Softmax kind, const float* dy, const float* y, size_t rows, size_t cols, float* dx);

// Down each of cols columns of rows elements, which are `stride` floats apart in all arrays. The sum of a column is
// taken from the first row to the last.
using SoftmaxGradColumnsF32Fn = void(Softmax kind, const float* dy, const float* y, size_t rows, size_t cols,
                                     size_t stride, float* dx);

SoftmaxGradF32Fn SoftmaxGradF32Scalar, SoftmaxGradF32Avx2, SoftmaxGradF32Avx512, SoftmaxGradF32Neon;
SoftmaxGradColumnsF32Fn SoftmaxGradColumnsF32Scalar, SoftmaxGradColumnsF32Avx2, SoftmaxGradColumnsF32Avx512,
    SoftmaxGradColumnsF32Neon;

VariantList<SoftmaxGradF32Fn> SoftmaxGradF32Variants();
VariantList<SoftmaxGradColumnsF32Fn> SoftmaxGradColumnsF32Variants();

SoftmaxGradF32Fn& SoftmaxGradF32();  // best one for this CPU
SoftmaxGradColumnsF32Fn& SoftmaxGradColumnsF32();

}  // namespace gossamer
