// The body of requantize_i32, written over the operations of kernels/simd/ headers, which are included first.
#include "kernels/requantize_i32/requantize_i32.h"
#include "kernels/simd/fixed_point.h"

void gossamer::GOSSAMER_SIMD(RequantizeI32)(const RequantizeSpec& spec, const int32_t* x, size_t rows, size_t count,
                                            size_t x_stride, uint8_t* y, size_t y_stride) {
  // What is left for the zero point stays within int32.
  const I32 low = FillI(spec.low - spec.zero_point), high = FillI(spec.high - spec.zero_point);
  const I32 zero = FillI(spec.zero_point);
  // Outputs outside: their factors stay in registers over all rows.
  size_t n = 0;
  for (; n + kLanes <= count; n += kLanes) {
    const FixedPoints factor{LoadI(spec.multiplier + n), LoadI(spec.left + n), LoadI(spec.right + n)};
    for (size_t r = 0; r < rows; ++r) {
      const I32 q = RequantizeI(LoadI(x + r * x_stride + n), factor);
      StoreBytes(y + r * y_stride + n, AddI(SmallerI(LargerI(q, low), high), zero));
    }
  }
  if (n == count) return;
  const size_t rest = count - n;
  const FixedPoints factor{LoadFirstI(spec.multiplier + n, rest), LoadFirstI(spec.left + n, rest),
                           LoadFirstI(spec.right + n, rest)};
  for (size_t r = 0; r < rows; ++r) {
    const I32 q = RequantizeI(LoadFirstI(x + r * x_stride + n, rest), factor);
    StoreFirstBytes(y + r * y_stride + n, AddI(SmallerI(LargerI(q, low), high), zero), rest);
  }
}
