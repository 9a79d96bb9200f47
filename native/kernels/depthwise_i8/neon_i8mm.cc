#include "kernels/simd/neon.h"

#include "kernels/simd/int8_neon.h"

#include "kernels/simd/activation.h"

namespace gossamer {
namespace {

constexpr int32_t kRowOffset = 0;

inline uint8x16_t Bytes(int32x4_t v) { return vreinterpretq_u8_s32(v); }
inline int32x4_t Words(uint8x16_t v) { return vreinterpretq_s32_u8(v); }
inline int32x4_t Words(uint16x8_t v) { return vreinterpretq_s32_u16(v); }
inline uint16x8_t Pairs(int32x4_t v) { return vreinterpretq_u16_s32(v); }

struct Lane {
  using Vector = int32x4_t;
  static constexpr size_t kLanes128 = 1;
  static constexpr int kNatural = 4;
  static Vector Load(const uint8_t* p) { return Words(vld1q_u8(p)); }
  static Vector LoadWeights(const int8_t* w) { return vreinterpretq_s32_s8(vld1q_s8(w)); }
  static Vector Zero() { return vdupq_n_s32(0); }
  static Vector Low8(Vector a, Vector b) { return Words(vzip1q_u8(Bytes(a), Bytes(b))); }
  static Vector High8(Vector a, Vector b) { return Words(vzip2q_u8(Bytes(a), Bytes(b))); }
  static Vector Low16(Vector a, Vector b) { return Words(vzip1q_u16(Pairs(a), Pairs(b))); }
  static Vector High16(Vector a, Vector b) { return Words(vzip2q_u16(Pairs(a), Pairs(b))); }
  static Vector Dot(Vector acc, Vector x, Vector w) { return vusdotq_s32(acc, Bytes(x), vreinterpretq_s8_s32(w)); }
  static void Natural(const Vector (&acc)[4], I32 (&v)[kNatural]) {
    for (int j = 0; j < 4; ++j) v[j] = acc[j];
  }
};

}  // namespace
}  // namespace gossamer

#include "kernels/depthwise_i8/block.h"

namespace gossamer {
namespace {

void RunBlock(BlockCall call, size_t lanes) { RunParts<Lane>(call, lanes); }

}  // namespace

void DepthwiseI8NeonI8mm(const uint8_t* x, const ActivationRows& rows, size_t row_begin, size_t row_end,
                         const PackedDepthwiseI8& weights, const Int8Output& output) {
  RunDepthwise(x, rows, row_begin, row_end, weights, output);
}

}  // namespace gossamer
