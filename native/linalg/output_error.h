// What changed weights do to a layer's outputs.
#pragma once
#include <cstddef>

#include "engine/thread_pool.h"

namespace gossamer {

// *error = trace(E M Eᵀ), E = changed - target in float32, both [rows, columns], M = second [columns, columns],
// symmetric: the sum over the elements of M times those of Eᵀ E, which AddGram makes. The same bits on every CPU and at
// every number of threads. False when aborted. rows * columns^2 / 2 multiply-adds in float32.
bool OutputError(const float* changed, const float* target, size_t rows, const double* second, size_t columns,
                 double* error, AbortFlag abort);

}  // namespace gossamer
