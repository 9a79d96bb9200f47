// Reductions of a matrix of float32 along its rows or its columns.
#pragma once
#include <cstddef>
#include <cstdint>

#include "kernels/dispatch.h"

namespace gossamer {

// Of nothing: 0 for the sums, 1 for kProd, -infinity for kMax, +infinity for kMin. kMax and kMin are NaN when an
// element is. kSumAbs: of |x|. kSumSquares: of x * x, by fma.
enum class Reduce : uint8_t { kSum, kSumAbs, kSumSquares, kMax, kMin, kProd };
constexpr size_t kReduceKinds = 6;

// y[r] = over x[r * stride .. + cols), r < rows, in the order of kernels/simd/fold_row.h. Bit-exact across variants,
// but for the bits of NaN, as the next.
using ReduceRowsF32Fn = void(Reduce kind, const float* x, size_t rows, size_t cols, size_t stride, float* y);

// y[c] = over x[r * stride + c], from the first row to the last.
using ReduceColumnsF32Fn = void(Reduce kind, const float* x, size_t rows, size_t cols, size_t stride, float* y);

ReduceRowsF32Fn ReduceRowsF32Scalar, ReduceRowsF32Avx2, ReduceRowsF32Avx512, ReduceRowsF32Neon;
ReduceColumnsF32Fn ReduceColumnsF32Scalar, ReduceColumnsF32Avx2, ReduceColumnsF32Avx512, ReduceColumnsF32Neon;

VariantList<ReduceRowsF32Fn> ReduceRowsF32Variants();
VariantList<ReduceColumnsF32Fn> ReduceColumnsF32Variants();

ReduceRowsF32Fn& ReduceRowsF32();  // best one for this CPU
ReduceColumnsF32Fn& ReduceColumnsF32();

}  // namespace gossamer
