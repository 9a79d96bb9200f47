// Functions of one float32, element by element.
#pragma once
#include <cstddef>
#include <cstdint>

#include "kernels/dispatch.h"
#include "kernels/linear.h"

namespace gossamer {

// y[i] = act(x[i]), i < count. x and y of any alignment, the same array or apart. Bit-exact across variants but for the
// bits of a NaN, as all below.
using ActivateF32Fn = void(ActivationSpec act, const float* x, size_t count, float* y);

// kRound: half to even. kSign: -1, 0 or 1, NaN stays. kSoftsign: x / (1 + |x|). kSelu: b * (x < 0 ? a * (e^x - 1) : x).
// kCelu: x < 0 ? a * (e^(x / a) - 1) : x, a > 0. kThresholdedRelu: x > a ? x : 0. kSquare: x * x. kCube: x * x * x.
enum class Unary : uint8_t {
  kAbs,
  kNegate,
  kSqrt,
  kReciprocal,
  kLog,
  kFloor,
  kCeil,
  kRound,
  kSign,
  kSoftsign,
  kSelu,
  kCelu,
  kThresholdedRelu,
  kSquare,
  kCube
};
constexpr size_t kUnaryKinds = 15;
struct UnarySpec {
  Unary kind;
  float a, b;
};
using UnaryF32Fn = void(UnarySpec spec, const float* x, size_t count, float* y);

ActivateF32Fn ActivateF32Scalar, ActivateF32Avx2, ActivateF32Avx512, ActivateF32Neon;
UnaryF32Fn UnaryF32Scalar, UnaryF32Avx2, UnaryF32Avx512, UnaryF32Neon;

VariantList<ActivateF32Fn> ActivateF32Variants();
VariantList<UnaryF32Fn> UnaryF32Variants();

ActivateF32Fn& ActivateF32();  // best one for this CPU
UnaryF32Fn& UnaryF32();

}  // namespace gossamer
