// min_max over whole tensors at any granularity, split over the pool.
#pragma once
#include "engine/thread_pool.h"
#include "kernels/granularity.h"
#include "kernels/min_max/min_max.h"

namespace gossamer {

// min, max: layout.ParameterCount() results, each over the finite values that share the parameter (none: +inf and
// -inf). The counts are over the whole tensor. False when aborted.
bool MinMaxTensor(const float* x, const TensorLayout& layout, float* min, float* max, uint64_t* nan_count,
                  uint64_t* inf_count, AbortFlag abort);

}  // namespace gossamer
