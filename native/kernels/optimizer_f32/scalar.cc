#include <cmath>

#include "kernels/optimizer_f32/optimizer_f32.h"

namespace gossamer {
namespace {

float KeepAndTake(float keep, float slot, float take, float value) { return std::fma(keep, slot, take * value); }

float Sign(float x) { return x > 0 ? 1.0f : x < 0 ? -1.0f : x; }

bool IsMasked(const OptimizerTensor& tensor, size_t i) {
  switch (tensor.mask_type) {
    case MaskType::kNone: return false;
    case MaskType::kBytes: return static_cast<const uint8_t*>(tensor.mask)[i] == 0;
    case MaskType::kFloats: return static_cast<const float*>(tensor.mask)[i] == 0;
  }
  return false;
}

// The direction of the step; updates the slots of element i.
float Direction(OptimizerRule rule, const OptimizerCoefficients& c, const OptimizerTensor& tensor, size_t i, float g) {
  float none = 0;
  float& first = tensor.slots[0] != nullptr ? tensor.slots[0][i] : none;
  float& second = tensor.slots[1] != nullptr ? tensor.slots[1][i] : none;
  switch (rule) {
    case OptimizerRule::kSgd: return g;
    case OptimizerRule::kMomentum: return first = KeepAndTake(c.first_keep, first, c.first_take, g);
    case OptimizerRule::kNesterov:
      first = KeepAndTake(c.first_keep, first, c.first_take, g);
      return std::fma(c.first_keep, first, g);
    case OptimizerRule::kRmsprop:
      first = std::fma(c.second_keep, first, c.second_take * g * g);
      return g / (std::sqrt(first) + c.epsilon);
    case OptimizerRule::kAdam:
    case OptimizerRule::kAmsgrad: {
      first = KeepAndTake(c.first_keep, first, c.first_take, g);
      second = std::fma(c.second_keep, second, c.second_take * g * g);
      float scale = second;
      if (rule == OptimizerRule::kAmsgrad) {
        float& largest = tensor.slots[2][i];
        largest = largest > second ? largest : second;
        scale = largest;
      }
      return first / std::fma(std::sqrt(scale), c.root_factor, c.epsilon);
    }
    case OptimizerRule::kLion: {
      const float direction = Sign(KeepAndTake(c.first_keep, first, c.first_take, g));
      first = KeepAndTake(c.second_keep, first, c.second_take, g);
      return direction;
    }
  }
  return 0;
}

}  // namespace

void OptimizerStepScalar(OptimizerRule rule, const OptimizerCoefficients& c, const OptimizerTensor& tensor,
                         size_t begin, size_t end) {
  for (size_t i = begin; i < end; ++i) {
    const float w = tensor.weight[i];
    const float g = std::fma(c.l2, w, c.gradient_factor * tensor.gradient[i]);
    const float moved = std::fma(-c.step, Direction(rule, c, tensor, i, g), c.shrink * w);
    const float magnitude = std::fabs(moved);
    tensor.weight[i] = magnitude <= c.threshold ? 0.0f : std::copysign(magnitude - c.threshold, moved);
    if (!IsMasked(tensor, i)) continue;
    tensor.weight[i] = 0;
    for (size_t slot = 0; slot < kOptimizerSlots[static_cast<size_t>(rule)]; ++slot) tensor.slots[slot][i] = 0;
  }
}

double SumOfSquaresScalar(const float* x, size_t count) {
  double sums[kSquaresPartials] = {};
  for (size_t i = 0; i < count; ++i) sums[i % kSquaresPartials] += static_cast<double>(x[i]) * x[i];
  for (size_t half = kSquaresPartials / 2; half > 0; half /= 2) {
    for (size_t j = 0; j < half; ++j) sums[j] += sums[j + half];
  }
  return sums[0];
}

void ScaleF32Scalar(float* x, float factor, size_t count) {
  for (size_t i = 0; i < count; ++i) x[i] *= factor;
}

void AddToF32Scalar(float* y, const float* x, size_t count) {
  for (size_t i = 0; i < count; ++i) y[i] += x[i];
}

}  // namespace gossamer
