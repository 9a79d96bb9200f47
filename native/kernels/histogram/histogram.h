// Histogram over bins of a power-of-two width, mirrored at 0.
#pragma once
#include <cstddef>
#include <cstdint>

#include "kernels/dispatch.h"

namespace gossamer {

// Bins are counted from 0 outward: a finite x belongs to magnitude bin m = floor(|x| / width), width = 2^exponent. Of
// 2 * half bins, x is counted in half + m when x >= 0 and in half - 1 - m when x < 0. Doubling the width turns m into
// m >> 1 on either side, so folding pairs of bins gives exactly the counts that the wider bins would have given.
struct HistogramBins {
  int32_t exponent;  // in [kMinExponent, 122]
  uint32_t half;     // a power of two; m is clamped to half - 1
  static constexpr int32_t kMinExponent = -100;
};

// Counters are kept in four tables, so that a run of equal values does not wait for one counter: element i goes to any
// of them, and only the sum means something. A table has HistogramTableSize() counters; those from 2 * half on are
// scratch.
constexpr size_t kHistogramTables = 4;
constexpr size_t HistogramTableSize(HistogramBins bins) { return 2 * static_cast<size_t>(bins.half) + 16; }

// Adds the finite ones of x[0..count), count < 2^32, to the tables and the number of zeros to *zero_count.
using CountBinsFn = void(const float* x, size_t count, HistogramBins bins, uint32_t* tables, uint64_t* zero_count);

CountBinsFn CountBinsScalar, CountBinsAvx2, CountBinsAvx512, CountBinsNeon;
VariantList<CountBinsFn> CountBinsVariants();
CountBinsFn& CountBins();  // best one for this CPU

}  // namespace gossamer
