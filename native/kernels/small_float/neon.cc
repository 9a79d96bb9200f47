#include <arm_neon.h>

#include "kernels/small_float/small_float.h"

namespace gossamer {

void F32ToF16Neon(const float* x, size_t count, uint16_t* half) {
  size_t i = 0;
  for (; i + 4 <= count; i += 4) vst1_u16(half + i, vreinterpret_u16_f16(vcvt_f16_f32(vld1q_f32(x + i))));
  F32ToF16Scalar(x + i, count - i, half + i);
}

void F16ToF32Neon(const uint16_t* half, size_t count, float* x) {
  size_t i = 0;
  for (; i + 4 <= count; i += 4) vst1q_f32(x + i, vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(half + i))));
  F16ToF32Scalar(half + i, count - i, x + i);
}

void F32ToBf16Neon(const float* x, size_t count, uint16_t* half) {
  size_t i = 0;
  for (; i + 4 <= count; i += 4) {
    const float32x4_t v = vld1q_f32(x + i);
    const uint32x4_t bits = vreinterpretq_u32_f32(v), upper = vshrq_n_u32(bits, 16);
    const uint32x4_t odd = vandq_u32(upper, vdupq_n_u32(1));
    const uint32x4_t rounded = vshrq_n_u32(vaddq_u32(bits, vaddq_u32(vdupq_n_u32(0x7fff), odd)), 16);
    const uint32x4_t words = vbslq_u32(vceqq_f32(v, v), rounded, vorrq_u32(upper, vdupq_n_u32(0x40)));
    vst1_u16(half + i, vmovn_u32(words));
  }
  F32ToBf16Scalar(x + i, count - i, half + i);
}

void Bf16ToF32Neon(const uint16_t* half, size_t count, float* x) {
  size_t i = 0;
  for (; i + 4 <= count; i += 4) vst1q_f32(x + i, vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(half + i), 16)));
  Bf16ToF32Scalar(half + i, count - i, x + i);
}

}  // namespace gossamer
