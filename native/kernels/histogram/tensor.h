// The histogram of a whole array, over the narrowest bins that hold it, split over the pool.
#pragma once
#include "engine/thread_pool.h"
#include "kernels/histogram/histogram.h"
#include "kernels/min_max/min_max.h"

namespace gossamer {

struct HistogramSummary {
  MinMaxResult range;
  uint64_t zero_count;
  int32_t exponent;
};

// The smallest exponent, not below kMinExponent, with which 2^exponent * half exceeds `magnitude` (finite, >= 0).
int32_t NarrowestExponent(float magnitude, uint32_t half);

// Fills counts[0 .. 2 * half) with how many elements fall in each bin of width 2^summary->exponent. False when aborted.
bool CountHistogram(const float* x, size_t count, uint32_t half, double* counts, HistogramSummary* summary,
                    AbortFlag abort);

}  // namespace gossamer
