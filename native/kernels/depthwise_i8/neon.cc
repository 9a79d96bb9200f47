#include "kernels/simd/neon.h"

namespace gossamer {
namespace {

constexpr int32_t kRowOffset = 0;

inline int32x4_t Dot(int32x4_t acc, int32x4_t x, int32x4_t w) {
  const uint8x16_t a = vreinterpretq_u8_s32(x);
  const int8x16_t b = vreinterpretq_s8_s32(w);
  const int16x8_t low = vreinterpretq_s16_u16(vmovl_u8(vget_low_u8(a))), b_low = vmovl_s8(vget_low_s8(b));
  const int16x8_t high = vreinterpretq_s16_u16(vmovl_high_u8(a)), b_high = vmovl_high_s8(b);
  const int32x4_t c0 = vmull_s16(vget_low_s16(low), vget_low_s16(b_low)), c1 = vmull_high_s16(low, b_low);
  const int32x4_t c2 = vmull_s16(vget_low_s16(high), vget_low_s16(b_high)), c3 = vmull_high_s16(high, b_high);
  return vaddq_s32(acc, vpaddq_s32(vpaddq_s32(c0, c1), vpaddq_s32(c2, c3)));
}

}  // namespace
}  // namespace gossamer

#include "kernels/depthwise_i8/run_neon.h"

namespace gossamer {

void DepthwiseI8Neon(const uint8_t* x, const ActivationRows& rows, size_t row_begin, size_t row_end,
                     const PackedDepthwiseI8& weights, const Int8Output& output) {
  RunDepthwise(x, rows, row_begin, row_end, weights, output);
}

}  // namespace gossamer
