// The sums of the columns of a matrix, shared out over its rows too.
#pragma once
#include "engine/operators/arguments.h"

namespace gossamer {

// y[c] = the sum of x[r * cols + c]: pieces in float32, added up in float64, split by the sizes alone.
void SumColumns(const float* x, size_t rows, size_t cols, float* y, RunContext& context);

}  // namespace gossamer
