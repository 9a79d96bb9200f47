#include <cmath>
#include <limits>

#include "kernels/min_max/min_max.h"

namespace gossamer {
namespace {

void Fold(float v, float* min, float* max, uint64_t* nan_count, uint64_t* inf_count) {
  const float magnitude = std::fabs(v);
  if (magnitude < std::numeric_limits<float>::infinity()) {
    const float value = v + 0.0f;  // -0 -> +0
    *min = value < *min ? value : *min;
    *max = value > *max ? value : *max;
  } else if (magnitude == std::numeric_limits<float>::infinity()) {
    ++*inf_count;
  } else {
    ++*nan_count;
  }
}

}  // namespace

void MinMaxScalar(const float* x, size_t count, MinMaxResult* result) {
  for (size_t i = 0; i < count; ++i) Fold(x[i], &result->min, &result->max, &result->nan_count, &result->inf_count);
}

void MinMaxColumnsScalar(const float* x, size_t rows, size_t cols, size_t stride, float* min, float* max,
                         uint64_t* nan_count, uint64_t* inf_count) {
  for (size_t r = 0; r < rows; ++r) {
    for (size_t c = 0; c < cols; ++c) Fold(x[r * stride + c], min + c, max + c, nan_count, inf_count);
  }
}

}  // namespace gossamer
