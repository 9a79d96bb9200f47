// optimizer_f32 over many arrays at once, shared out to the pool by the number of elements.
#pragma once
#include <vector>

#include "engine/thread_pool.h"
#include "kernels/optimizer_f32/optimizer_f32.h"

namespace gossamer {

struct FloatArray {
  float* data;
  size_t count;
};
struct ConstFloatArray {
  const float* data;
  size_t count;
};
struct FloatPair {
  float* y;
  const float* x;
  size_t count;
};

// What changes its arguments in place does it whole: memory is allocated before the first element changes, or
// std::bad_alloc thrown, and no flag ends it between two.
void StepTensors(OptimizerRule rule, const OptimizerCoefficients& c, const std::vector<OptimizerTensor>& tensors);
void ScaleArrays(const std::vector<FloatArray>& arrays, float factor);
void AddToArrays(const std::vector<FloatPair>& pairs);

// The sum of squares of all arrays: blocks of kSquaresBlock of each, added in order. False when aborted.
bool SumSquaresOfArrays(const std::vector<ConstFloatArray>& arrays, double* sum, AbortFlag abort);

}  // namespace gossamer
