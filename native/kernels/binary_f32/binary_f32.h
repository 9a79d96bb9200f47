// Functions of two floats, element by element, with what broadcasting makes of an operand.
#pragma once
#include <cstddef>
#include <cstdint>

#include "kernels/dispatch.h"

namespace gossamer {

// kMin and kMax: NaN when one is, b of two zeros. kPrelu: a < 0 ? a * b : a.
enum class Binary : uint8_t { kAdd, kSub, kMul, kDiv, kMin, kMax, kPrelu };
constexpr size_t kBinaryKinds = 7;

// Element [r, c] is data[r * row_stride + c * step]; step is 0 or 1.
struct BinaryOperand {
  const float* data;
  size_t row_stride, step;
};

// y[r * cols + c] = a[r, c] op b[r, c]. y may be the data of an operand whose row_stride is cols and step 1. Bit-exact
// across variants, but for the bits of NaN.
using BinaryF32Fn = void(Binary kind, BinaryOperand a, BinaryOperand b, size_t rows, size_t cols, float* y);

BinaryF32Fn BinaryF32Scalar, BinaryF32Avx2, BinaryF32Avx512, BinaryF32Neon;
VariantList<BinaryF32Fn> BinaryF32Variants();
BinaryF32Fn& BinaryF32();  // best one for this CPU

}  // namespace gossamer
