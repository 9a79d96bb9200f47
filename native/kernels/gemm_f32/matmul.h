// Products of two float32 matrices that both come at run time.
#pragma once
#include <cstddef>

#include "kernels/gemm_f32/gemm_f32.h"

namespace gossamer {

// c = a * (alpha * b), alpha * b rounded. a: [m, k], element (i, t) at a[i * a_row + t * a_column]; b: [k, n], element
// (t, j) at b[t * b_row + j * b_column]. In each one of the two strides is 1, or its axis has at most one element. Up
// to 15 floats behind a row of b are read and ignored.
struct MatMulF32 {
  size_t m, n, k;
  const float* a;
  size_t a_row, a_column;
  const float* b;
  size_t b_row, b_column;
  float alpha;
};

// Whether b is best read where it lies: its columns lie side by side, and it is small enough for the cache or the rows
// of a too few to pay for a copy.
bool ReadsInPlace(const MatMulF32& product);

// Columns n0 .. n1 - 1 of alpha * b in strips; n0 a multiple of 16. PackedCountF32(k, n1 - n0) floats.
void PackColumnsF32(const MatMulF32& product, size_t n0, size_t n1, float* packed);

// Rows m0 .. m1 - 1 and columns n0 .. n1 - 1 (n0 a multiple of 16, n1 too or n) of c, as `output` (bias, residual and y
// those of row 0, column 0). The sums are those of GemmF32. b: all columns of alpha * b, packed or in place.
void RunMatMulF32(const MatMulF32& product, const WeightsF32& b, size_t m0, size_t m1, size_t n0, size_t n1,
                  const FloatOutput& output);

}  // namespace gossamer
