// Second moments of layer inputs: what GPTQ, OBQ and SparseGPT know of the data.
#pragma once
#include <cstddef>

#include "engine/thread_pool.h"

namespace gossamer {

// sums[i, j] += sum over the vectors v of x[v, i] * y[v, j]. x, y: [count, columns]; sums: [columns, columns]; all
// row-major. y null: y is x, and only the upper triangle, j >= i, is touched.
//
// Products are added in float32, as chains of fused multiply-adds, over runs of at most 256 vectors, and runs in
// float64. The error of an element is therefore at most 256 * 2^-24 = 2^-16 of the sum of |x[v, i] * y[v, j]|, and that
// sum at most sqrt(sum x[v, i]^2 * sum y[v, j]^2): small beside any damping of use. The same bits on every CPU and at
// every number of threads, but not for another split of the vectors into calls. False when aborted: sums then hold a
// part.
bool AddGram(const float* x, const float* y, size_t count, size_t columns, double* sums, AbortFlag abort);

// *dot = the sum over i, j of m[i, j] times the sum over v of d[v, i] * d[v, j], d = x - y in float32. x, y: [count,
// columns]; m: [columns, columns], symmetric, of which the upper triangle is read. Products as AddGram adds them, but
// none of the sums is kept. The same bits on every CPU and at every number of threads. False when aborted.
bool GramDot(const float* x, const float* y, size_t count, size_t columns, const double* m, double* dot,
             AbortFlag abort);

}  // namespace gossamer
