// Sums and products of two quantized tensors, requantized in the same step.
#pragma once
#include <cstddef>
#include <cstdint>

#include "kernels/dispatch.h"
#include "kernels/fixed_point.h"

namespace gossamer {

// With a' = float(a - a_zero), b' = float(b - b_zero), rne: to nearest, ties to even:
//   kAdd: y = clamp(rne(fma(a', a_ratio, b' * b_ratio)) + y_zero, low, high); a negative b_ratio subtracts
//   kMul: y = clamp(rne(a' * b' * a_ratio) + y_zero, low, high)
// and without floats, R: Requantize (kernels/fixed_point.h), the differences as integers:
//   kFixedAdd: y = clamp(R(R(a - a_zero, a) + R(b - b_zero, b), y) + y_zero, low, high); kFixedSub: their difference
//   kFixedMul: y = clamp(R((a - a_zero) * (b - b_zero), y) + y_zero, low, high)
// Zero points, low and high in [0, 255], low <= high; a ratio is finite.
enum class BinaryU8Kind : uint8_t { kAdd, kMul, kFixedAdd, kFixedSub, kFixedMul };
struct BinaryU8Spec {
  BinaryU8Kind kind;
  int32_t a_zero, b_zero, y_zero, low, high;
  float a_ratio, b_ratio;
  FixedPoint a{}, b{}, y{};
};

// Element [r, c] is data[r * row_stride + c * step]; step is 0 or 1.
struct BinaryU8Operand {
  const uint8_t* data;
  size_t row_stride, step;
};

// y[r * cols + c] from a[r, c] and b[r, c]. y may be the data of an operand whose row_stride is cols and step 1.
// Bit-exact across variants.
using BinaryU8Fn = void(const BinaryU8Spec& spec, BinaryU8Operand a, BinaryU8Operand b, size_t rows, size_t cols,
                        uint8_t* y);

BinaryU8Fn BinaryU8Scalar, BinaryU8Avx2, BinaryU8Avx512, BinaryU8Neon;
VariantList<BinaryU8Fn> BinaryU8Variants();
BinaryU8Fn& BinaryU8();  // best one for this CPU

}  // namespace gossamer
