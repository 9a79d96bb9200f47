// DepthwiseI8 on NEON. Included after kernels/simd/neon.h and after kRowOffset and Dot (kernels/depthwise_i8/block.h)
// of the extension in use.
#pragma once
#include "kernels/simd/int8_neon.h"

#include "kernels/simd/activation.h"

#include "kernels/depthwise_i8/block.h"

namespace gossamer {
namespace {

struct Lane {
  using Vector = int32x4_t;
  static constexpr size_t kLanes128 = 1;
  static constexpr int kNatural = 4;
  static Vector Load(const uint8_t* p) {
    const uint8x16_t x = vld1q_u8(p);
    return Words(kRowOffset == 0 ? x : veorq_u8(x, vdupq_n_u8(0x80)));
  }
  static Vector LoadWeights(const int8_t* w) { return vreinterpretq_s32_s8(vld1q_s8(w)); }
  static Vector Zero() { return vdupq_n_s32(0); }
  static Vector Sixty4() { return vreinterpretq_s32_s8(vdupq_n_s8(64)); }
  static Vector Low8(Vector a, Vector b) { return Words(vzip1q_u8(Bytes(a), Bytes(b))); }
  static Vector High8(Vector a, Vector b) { return Words(vzip2q_u8(Bytes(a), Bytes(b))); }
  static Vector Low16(Vector a, Vector b) { return Words(vzip1q_u16(Pairs(a), Pairs(b))); }
  static Vector High16(Vector a, Vector b) { return Words(vzip2q_u16(Pairs(a), Pairs(b))); }
  static void Natural(const Vector (&acc)[4], I32 (&v)[kNatural]) {
    for (int j = 0; j < 4; ++j) v[j] = acc[j];
  }

 private:
  static uint8x16_t Bytes(int32x4_t v) { return vreinterpretq_u8_s32(v); }
  static uint16x8_t Pairs(int32x4_t v) { return vreinterpretq_u16_s32(v); }
  static int32x4_t Words(uint8x16_t v) { return vreinterpretq_s32_u8(v); }
  static int32x4_t Words(uint16x8_t v) { return vreinterpretq_s32_u16(v); }
};

void RunBlock(BlockCall call, size_t lanes) { RunParts<Lane>(call, lanes); }

}  // namespace
}  // namespace gossamer
