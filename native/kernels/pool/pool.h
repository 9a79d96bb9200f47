// Pooling over images whose channels lie together (NHWC): one row of outputs, the window's columns computed here, its
// rows by the caller.
#pragma once
#include <cstddef>
#include <cstdint>

#include "kernels/dispatch.h"
#include "kernels/fixed_point.h"

namespace gossamer {

// The window of output column `ow` begins at column ow * stride - pad of x and has `kernel` columns, `dilation` apart, of
// which those in [0, in_width) count, and `rows` rows, `row_stride` elements apart. Pixels of one row are `pixel_stride`
// elements apart, in x and in y alike, and `channels` elements of each are pooled.
struct PoolRow {
  size_t channels, pixel_stride;
  size_t in_width, out_width;
  size_t rows, row_stride;
  size_t kernel, stride, dilation, pad;
};

// What averages divide by: `rows` times the columns of the window that lie in [-pad, in_width + pad_end), where
// include_pad, else `PoolRow::rows` times those in [0, in_width).
struct AverageCounts {
  bool include_pad;
  size_t rows, pad_end;
};

// x is the first pixel of the window's first row.
// The largest element of each window, NaN where one is; -infinity (0 for bytes) where the window is empty.
using MaxPoolFloatFn = void(const float* x, const PoolRow& row, float* y);
using MaxPoolUint8Fn = void(const uint8_t* x, const PoolRow& row, uint8_t* y);

// y = sum / count in float32; the sum starts at 0 and runs over rows, then columns.
using AveragePoolFloatFn = void(const float* x, const PoolRow& row, const AverageCounts& counts, float* y);

// The average of (x - x_zero) * x_scale, quantized by y_scale and y_zero:
//   y = clamp(rne(float(sum(x) - n * x_zero) * (x_scale / (y_scale * float(count)))) + y_zero, 0, 255)
// with the sum over the n elements inside the image exact in int32 (the caller sees that n * 255 < 2^31) and all else in
// float32; rne: to nearest, ties to even. A product beyond the range of int32 gives 0 or 255.
// Where is_fixed, without floats (kernels/fixed_point.h), y_zero where count is 0:
//   y = clamp(Requantize(sum(x) - n * x_zero, Divided(multiplier, exponent, count, Headroom(255 * n))) + y_zero, 0, 255)
struct Int8AverageScales {
  float x_scale, y_scale;
  int32_t x_zero, y_zero;
  bool is_fixed = false;
  int32_t multiplier = 0, exponent = 0;  // of x_scale / y_scale
};
using AveragePoolUint8Fn = void(const uint8_t* x, const PoolRow& row, const AverageCounts& counts,
                                const Int8AverageScales& scales, uint8_t* y);

// The factor of a fixed-point average over n elements, divided by count.
static inline FixedPoint AverageFactor(const Int8AverageScales& scales, size_t n, size_t count) {
  if (count == 0) return {0, 0, 0};
  return Divided(scales.multiplier, scales.exponent, count, Headroom(uint64_t{255} * n));
}

// The columns of the window at `ow`: taps first .. end - 1 lie in the image, `padded` of all lie in what pads cover.
struct PoolTaps {
  size_t first, end, padded;
};
PoolTaps TapsAt(const PoolRow& row, size_t pad_end, size_t ow);

MaxPoolFloatFn MaxPoolFloatScalar, MaxPoolFloatAvx2, MaxPoolFloatAvx512, MaxPoolFloatNeon;
MaxPoolUint8Fn MaxPoolUint8Scalar, MaxPoolUint8Avx2, MaxPoolUint8Avx512, MaxPoolUint8Neon;
AveragePoolFloatFn AveragePoolFloatScalar, AveragePoolFloatAvx2, AveragePoolFloatAvx512, AveragePoolFloatNeon;
AveragePoolUint8Fn AveragePoolUint8Scalar, AveragePoolUint8Avx2, AveragePoolUint8Avx512, AveragePoolUint8Neon;

VariantList<MaxPoolFloatFn> MaxPoolFloatVariants();
VariantList<MaxPoolUint8Fn> MaxPoolUint8Variants();
VariantList<AveragePoolFloatFn> AveragePoolFloatVariants();
VariantList<AveragePoolUint8Fn> AveragePoolUint8Variants();

MaxPoolFloatFn& MaxPoolFloat();  // best one for this CPU
MaxPoolUint8Fn& MaxPoolUint8();
AveragePoolFloatFn& AveragePoolFloat();
AveragePoolUint8Fn& AveragePoolUint8();

}  // namespace gossamer
