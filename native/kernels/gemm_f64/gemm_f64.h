// Float64 matrix products in the one form that factorizations, triangular solves and the solvers of layers need.
#pragma once
#include <cstddef>

#include "kernels/dispatch.h"

namespace gossamer {

// c[i, j] -= sum over p of a[p, i] * b[p, j], i < m, j < n, p < k. Row-major: element (p, i) of a is at a[p * a_stride
// + i], and so on. The sum is one chain of fused multiply-adds from c in the order of p: the same bits on every
// instruction set, however m, n and k are split. c overlaps neither a nor b. Of a row exactly m or n elements are
// touched. Fast where the rows of a and b lie close together: a stride of a whole page makes its lines evict each
// other.
using SubtractProductF64Fn = void(const double* a, size_t a_stride, const double* b, size_t b_stride, size_t k,
                                  double* c, size_t c_stride, size_t m, size_t n);

SubtractProductF64Fn SubtractProductF64Scalar, SubtractProductF64Avx2, SubtractProductF64Avx512,
    SubtractProductF64Neon;

VariantList<SubtractProductF64Fn> SubtractProductF64Variants();
SubtractProductF64Fn& SubtractProductF64();  // best one for this CPU

}  // namespace gossamer
