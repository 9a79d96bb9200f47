// Factorizations of symmetric positive definite matrices in float64. The same bits on every CPU and at every number of
// threads: every element is one chain of fused multiply-adds (gemm_f64).
#pragma once
#include <cstddef>

#include "engine/thread_pool.h"

namespace gossamer {

constexpr size_t kFactored = static_cast<size_t>(-1);

// Of all: matrices [n, n], row-major; of a symmetric one the upper triangle is read. *failed_at: kFactored, or the row
// whose pivot was not positive (or not finite); the output then holds nothing of use. False when aborted. About n^3 / 3
// multiply-adds for each factorization and each inversion of a triangle. May be in place: out == a.

// out = V, upper, zeros below: a = Vᵀ V.
bool Cholesky(const double* a, size_t n, double* out, size_t* failed_at, AbortFlag abort);

// out = the inverse of a, all of it.
bool InverseSpd(const double* a, size_t n, double* out, size_t* failed_at, AbortFlag abort);

// out = R, upper, zeros below: a + lambda I = R Rᵀ, factored from its end. A diagonal element that is 0 counts as 1 (a
// column that no input reaches). failed_at is a row of a.
bool ReverseCholesky(const double* a, size_t n, double lambda, double* out, size_t* failed_at, AbortFlag abort);

}  // namespace gossamer
