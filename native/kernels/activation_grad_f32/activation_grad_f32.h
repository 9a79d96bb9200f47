// Gradients of activations, element by element.
#pragma once
#include <cstddef>
#include <cstdint>

#include "kernels/dispatch.h"

namespace gossamer {

// dx = dy * f'(x), by x or by y = f(x), whichever v is. At a corner of f the slope is that below it (relu, leaky,
// elu) or the flat one (hard sigmoid, hard swish); clip passes its bounds, as PyTorch does.
//   by y: kRelu (y > 0), kSigmoid, kTanh
//   by x: kClip (a <= x <= b), kLeaky (a below 0), kGelu (erf), kGeluTanh, kSilu, kHardSwish, kSoftplus, kMish, kErf,
//         kHardSigmoid (a where 0 < a * x + b < 1), kElu (a * e^x below 0)
enum class ActivationGrad : uint8_t {
  kRelu,
  kClip,
  kLeaky,
  kSigmoid,
  kTanh,
  kGelu,
  kGeluTanh,
  kSilu,
  kHardSigmoid,
  kHardSwish,
  kElu,
  kSoftplus,
  kMish,
  kErf
};
constexpr size_t kActivationGradKinds = 14;
struct ActivationGradSpec {
  ActivationGrad kind;
  float a, b;
};

// dx may be dy or v. Bit-exact across variants, but for the bits of NaN. The derivatives are within 5e-7 of float64.
using ActivationGradF32Fn = void(ActivationGradSpec spec, const float* dy, const float* v, size_t count, float* dx);

ActivationGradF32Fn ActivationGradF32Scalar, ActivationGradF32Avx2, ActivationGradF32Avx512, ActivationGradF32Neon;
VariantList<ActivationGradF32Fn> ActivationGradF32Variants();
ActivationGradF32Fn& ActivationGradF32();  // best one for this CPU

}  // namespace gossamer
