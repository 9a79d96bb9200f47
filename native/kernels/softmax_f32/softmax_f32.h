// Softmax and its logarithm.
#pragma once
#include <cstddef>
#include <cstdint>

#include "kernels/dispatch.h"

namespace gossamer {

// With m the largest of a row, e = exp(x - m) and s the sum of e in the order of kernels/simd/fold_row.h:
//   kSoftmax: y = e * (1 / s)      kLog: y = (x - m) - log(s)
// A row with NaN, with +infinity or of nothing but -infinity becomes NaN.
enum class Softmax : uint8_t { kSoftmax, kLog };

// rows rows of cols floats, one after the other; y may be x. Bit-exact across variants, but for the bits of NaN.
using SoftmaxF32Fn = void(Softmax kind, const float* x, size_t rows, size_t cols, float* y);

// Down each of cols columns of rows elements, which are `stride` floats apart in x and in y; y may be x. The sum of a
// column is taken from the first row to the last.
using SoftmaxColumnsF32Fn = void(Softmax kind, const float* x, size_t rows, size_t cols, size_t stride, float* y);

SoftmaxF32Fn SoftmaxF32Scalar, SoftmaxF32Avx2, SoftmaxF32Avx512, SoftmaxF32Neon;
SoftmaxColumnsF32Fn SoftmaxColumnsF32Scalar, SoftmaxColumnsF32Avx2, SoftmaxColumnsF32Avx512, SoftmaxColumnsF32Neon;

VariantList<SoftmaxF32Fn> SoftmaxF32Variants();
VariantList<SoftmaxColumnsF32Fn> SoftmaxColumnsF32Variants();

SoftmaxF32Fn& SoftmaxF32();  // best one for this CPU
SoftmaxColumnsF32Fn& SoftmaxColumnsF32();

}  // namespace gossamer
