#include <arm_neon.h>

#include "kernels/pack_bits/pack_bits.h"

namespace gossamer {
namespace {

inline uint8x16_t ExtendSign(uint8x16_t codes, uint8x16_t sign) { return vsubq_u8(veorq_u8(codes, sign), sign); }

}  // namespace

void PackNibblesNeon(const uint8_t* codes, size_t count, uint8_t* packed) {
  size_t i = 0;
  for (; i + 32 <= count; i += 32) {
    const uint8x16x2_t even_odd = vld2q_u8(codes + i);
    vst1q_u8(packed + i / 2, vsliq_n_u8(vandq_u8(even_odd.val[0], vdupq_n_u8(15)), even_odd.val[1], 4));
  }
  PackNibblesScalar(codes + i, count - i, packed + i / 2);
}

void UnpackNibblesNeon(const uint8_t* packed, size_t count, bool is_signed, uint8_t* codes) {
  const uint8x16_t sign = vdupq_n_u8(is_signed ? 8 : 0);
  size_t i = 0;
  for (; i + 32 <= count; i += 32) {
    const uint8x16_t bytes = vld1q_u8(packed + i / 2);
    uint8x16x2_t even_odd;
    even_odd.val[0] = ExtendSign(vandq_u8(bytes, vdupq_n_u8(15)), sign);
    even_odd.val[1] = ExtendSign(vshrq_n_u8(bytes, 4), sign);
    vst2q_u8(codes + i, even_odd);
  }
  UnpackNibblesScalar(packed + i / 2, count - i, is_signed, codes + i);
}

void PackCrumbsNeon(const uint8_t* codes, size_t count, uint8_t* packed) {
  const uint8x16_t mask = vdupq_n_u8(3);
  size_t i = 0;
  for (; i + 64 <= count; i += 64) {
    const uint8x16x4_t quad = vld4q_u8(codes + i);
    uint8x16_t byte = vandq_u8(quad.val[0], mask);
    byte = vsliq_n_u8(byte, vandq_u8(quad.val[1], mask), 2);
    byte = vsliq_n_u8(byte, vandq_u8(quad.val[2], mask), 4);
    byte = vsliq_n_u8(byte, quad.val[3], 6);
    vst1q_u8(packed + i / 4, byte);
  }
  PackCrumbsScalar(codes + i, count - i, packed + i / 4);
}

void UnpackCrumbsNeon(const uint8_t* packed, size_t count, bool is_signed, uint8_t* codes) {
  const uint8x16_t mask = vdupq_n_u8(3), sign = vdupq_n_u8(is_signed ? 2 : 0);
  size_t i = 0;
  for (; i + 64 <= count; i += 64) {
    const uint8x16_t bytes = vld1q_u8(packed + i / 4);
    uint8x16x4_t quad;
    quad.val[0] = ExtendSign(vandq_u8(bytes, mask), sign);
    quad.val[1] = ExtendSign(vandq_u8(vshrq_n_u8(bytes, 2), mask), sign);
    quad.val[2] = ExtendSign(vandq_u8(vshrq_n_u8(bytes, 4), mask), sign);
    quad.val[3] = ExtendSign(vshrq_n_u8(bytes, 6), sign);
    vst4q_u8(codes + i, quad);
  }
  UnpackCrumbsScalar(packed + i / 4, count - i, is_signed, codes + i);
}

}  // namespace gossamer
