// The two passes of DynamicQuantizeLinear: the range of float activations, then their 8-bit codes.
#pragma once
#include <cstddef>
#include <cstdint>

#include "kernels/dispatch.h"

namespace gossamer {

// Lowers *low and raises *high to the range of x[0..count); NaN is passed over. Exact, so the order does not matter.
using RangeF32Fn = void(const float* x, size_t count, float* low, float* high);
// y[i] = clamp(rne(x[i] / scale) + zero_point, 0, 255), i < count, rne: to nearest, ties to even; 0 where the quotient
// is NaN. |x[i] / scale| < 2^31. Bit-exact across variants.
using QuantizeU8Fn = void(const float* x, size_t count, float scale, uint8_t zero_point, uint8_t* y);

RangeF32Fn RangeF32Scalar, RangeF32Avx2, RangeF32Avx512, RangeF32Neon;
QuantizeU8Fn QuantizeU8Scalar, QuantizeU8Avx2, QuantizeU8Avx512, QuantizeU8Neon;

VariantList<RangeF32Fn> RangeF32Variants();
VariantList<QuantizeU8Fn> QuantizeU8Variants();

RangeF32Fn& RangeF32();  // best one for this CPU
QuantizeU8Fn& QuantizeU8();

// Scale and zero point of the range [low, high], low <= 0 <= high:
//   scale = (high - low) / 255, or 1 where that is 0, as ONNX Runtime has it; zero_point = clamp(rne(-low / scale), 0,
//   255)
struct QuantizeU8Params {
  float scale;
  uint8_t zero_point;
};
QuantizeU8Params DynamicParamsU8(float low, float high);

}  // namespace gossamer
