// error_stats over whole arrays, split over the pool.
#pragma once
#include "engine/thread_pool.h"
#include "kernels/error_stats/error_stats.h"

namespace gossamer {

// The sums over a[0..count) and b[0..count): those of each block of kErrorBlock, added in order. False when aborted.
bool ComputeErrorStats(const float* a, const float* b, size_t count, ErrorSums* sums, AbortFlag abort);

}  // namespace gossamer
