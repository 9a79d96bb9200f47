#include <cmath>
#include <limits>

#include "kernels/histogram/histogram.h"

namespace gossamer {

void CountBinsScalar(const float* x, size_t count, HistogramBins bins, uint32_t* tables, uint64_t* zero_count) {
  const float inverse_width = std::ldexp(1.0f, -bins.exponent);  // a power of two: the product below is exact
  const float last = static_cast<float>(bins.half - 1);
  for (size_t i = 0; i < count; ++i) {
    const float magnitude = std::fabs(x[i]);
    if (!(magnitude < std::numeric_limits<float>::infinity())) continue;
    const float position = magnitude * inverse_width;
    const uint32_t m = static_cast<uint32_t>(position < last ? position : last);
    const uint32_t bin = x[i] < 0 ? bins.half - 1 - m : bins.half + m;
    ++tables[i % kHistogramTables * HistogramTableSize(bins) + bin];
    if (x[i] == 0) ++*zero_count;
  }
}

}  // namespace gossamer
