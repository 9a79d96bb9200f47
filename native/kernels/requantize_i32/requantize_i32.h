// Sums of integer layers to codes, without floats.
#pragma once
#include <cstddef>
#include <cstdint>

#include "kernels/dispatch.h"
#include "kernels/fixed_point.h"

namespace gossamer {

// A factor (kernels/fixed_point.h) for each of `count` outputs; zero point, low and high in [0, 255], low <= high.
struct RequantizeSpec {
  const int32_t *multiplier, *left, *right;
  int32_t zero_point, low, high;
};

// y[r, n] = clamp(Requantize(x[r, n], {multiplier[n], left[n], right[n]}) + zero_point, low, high), n < count; row r is at
// x + r * x_stride and at y + r * y_stride. Bit-exact across variants.
using RequantizeI32Fn = void(const RequantizeSpec& spec, const int32_t* x, size_t rows, size_t count, size_t x_stride,
                             uint8_t* y, size_t y_stride);

RequantizeI32Fn RequantizeI32Scalar, RequantizeI32Avx2, RequantizeI32Avx512, RequantizeI32Neon;
VariantList<RequantizeI32Fn> RequantizeI32Variants();
RequantizeI32Fn& RequantizeI32();  // best one for this CPU

}  // namespace gossamer
