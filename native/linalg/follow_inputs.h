// Weights for the inputs that a layer really gets.
#pragma once
#include <cstddef>

#include "engine/thread_pool.h"

namespace gossamer {

// out = w + w (cross - second) (r rᵀ)^-1, rounded to float: the weights that from inputs x come nearest to the outputs that w
// has from the inputs x_float. w, out: [rows, columns]; the others [columns, columns], row-major: second the mean of
// x xᵀ, cross that of x_float xᵀ, r upper, the damped second moment being r rᵀ (see ReverseCholesky). In float64, every
// element one chain of fused multiply-adds a product and a triangle: the same bits on every CPU and at every number of
// threads. False when aborted.
//
// 2 rows * columns^2 multiply-adds; 16 bytes for each element of r, and 16 for each of 64 rows a thread.
//
// Source: Li et al., GPTAQ (arXiv:2504.02692), section 3: W (X_float Xᵀ) H^-1.
bool FollowInputs(const float* w, size_t rows, size_t columns, const double* second, const double* cross,
                  const double* r, float* out, AbortFlag abort);

}  // namespace gossamer
