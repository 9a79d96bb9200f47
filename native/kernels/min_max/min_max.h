// Smallest and largest finite value.
#pragma once
#include <cstddef>
#include <cstdint>

#include "kernels/dispatch.h"

namespace gossamer {

// min and max are over finite values, a zero always as +0; the identity is min = +inf, max = -inf.
struct MinMaxResult {
  float min, max;
  uint64_t nan_count, inf_count;
};

// Folds x[0..count) into *result, which must hold the identity or an earlier result. Bit-exact across variants and
// orders.
using MinMaxFn = void(const float* x, size_t count, MinMaxResult* result);

// Folds each column of a matrix of `rows` rows, `stride` floats apart, into min[c] and max[c], c < cols; counts are
// over all.
using MinMaxColumnsFn = void(const float* x, size_t rows, size_t cols, size_t stride, float* min, float* max,
                             uint64_t* nan_count, uint64_t* inf_count);

MinMaxFn MinMaxScalar, MinMaxAvx2, MinMaxAvx512, MinMaxNeon;
MinMaxColumnsFn MinMaxColumnsScalar, MinMaxColumnsAvx2, MinMaxColumnsAvx512, MinMaxColumnsNeon;

VariantList<MinMaxFn> MinMaxVariants();
VariantList<MinMaxColumnsFn> MinMaxColumnsVariants();

MinMaxFn& MinMax();  // best one for this CPU
MinMaxColumnsFn& MinMaxColumns();

}  // namespace gossamer
