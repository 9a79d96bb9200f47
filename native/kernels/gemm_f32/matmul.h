// Products of two float32 matrices that both come at run time.
#pragma once
#include <cstddef>

#include "kernels/gemm_f32/gemm_f32.h"

namespace gossamer {

// c = alpha * a * b. a: [m, k], element (i, t) at a[i * a_row + t * a_column]; b: [k, n], element (t, j) at b[t * b_row
// + j * b_column]. In each one of the two strides is 1, or its axis has at most one element. Up to 15 floats behind a
// row of b are read and ignored.
struct MatMulF32 {
  size_t m, n, k;
  const float* a;
  size_t a_row, a_column;
  const float* b;
  size_t b_row, b_column;
  float alpha;
};

// Rows m0 .. m1 - 1 and columns n0 .. n1 - 1 (n0 a multiple of 16, n1 too or n) of c, as `output` (bias, residual and y
// those of row 0, column 0). alpha multiplies b, rounded, before the sums, which are those of GemmF32. Columns and rows
// that do not lie as the kernel reads them are copied first, to memory that the thread keeps: k * (n1 - n0) and k * (m1
// - m0) floats at most. `reuse`: b and alpha, its columns and their copy are those of the last call on this thread.
void RunMatMulF32(const MatMulF32& product, size_t m0, size_t m1, size_t n0, size_t n1, bool reuse,
                  const FloatOutput& output);

}  // namespace gossamer
