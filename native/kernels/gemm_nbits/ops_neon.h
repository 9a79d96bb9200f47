// What gemm_nbits needs of NEON beyond kernels/simd/neon.h, which is included first.
#pragma once
#include <arm_neon.h>

#include <cstdint>
#include <cstring>

namespace gossamer {
namespace {

using Bytes = uint8x16_t;
constexpr size_t kPanelVectors = 4;  // vectors of 32-bit lanes that hold a panel's 16 rows

inline Bytes LoadGroup(const uint8_t* group, size_t v) { return vld1q_u8(group + 16 * v); }
inline void Prefetch(const uint8_t* p) {
#if defined(__GNUC__)
  __builtin_prefetch(p);
#endif
}
template <unsigned kShift>
inline I32 ShiftRightWord(Bytes v) {
  const uint32x4_t words = vreinterpretq_u32_u8(v);
  if constexpr (kShift == 0) {
    return vreinterpretq_s32_u32(words);
  } else {
    return vreinterpretq_s32_u32(vshrq_n_u32(words, kShift));
  }
}
// Field f of every byte, moved down.
template <unsigned kBits>
inline Bytes Field(Bytes v, unsigned f) {
  if (kBits == 8) return v;
  const Bytes down = vshlq_u8(v, vdupq_n_s8(static_cast<int8_t>(-static_cast<int>(f * kBits))));
  return vandq_u8(down, vdupq_n_u8((1 << (kBits & 7)) - 1));
}
inline int8x16_t BroadcastFour(const int8_t* p) {
  int32_t four;
  std::memcpy(&four, p, sizeof four);
  return vreinterpretq_s8_s32(vdupq_n_s32(four));
}
inline F32 LoadHalves(const uint16_t* p) { return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p))); }

// The float of the low kBits of each lane, or the table's entry there.
template <unsigned kBits>
struct Decoder {
  explicit Decoder(const float* given) : table(given) {
    if (given != nullptr && kBits < 8) {
      for (int i = 0; i < 4; ++i) entries.val[i] = vreinterpretq_u8_f32(vld1q_f32(given + 4 * i));
    }
  }
  inline F32 operator()(I32 v) const {
    const uint32x4_t code = vandq_u32(vreinterpretq_u32_s32(v), vdupq_n_u32((1u << kBits) - 1));
    if (table == nullptr) return vcvtq_f32_u32(code);
    if (kBits == 8) {
      uint32_t index[4];
      vst1q_u32(index, code);
      const float lanes[4] = {table[index[0]], table[index[1]], table[index[2]], table[index[3]]};
      return vld1q_f32(lanes);
    }
    // The four bytes of entry c are at 4 * c + 0 .. 3.
    const uint32x4_t bytes = vmlaq_n_u32(vdupq_n_u32(0x03020100), code, 0x04040404);
    return vreinterpretq_f32_u8(vqtbl4q_u8(entries, vreinterpretq_u8_u32(bytes)));
  }
  const float* table;
  uint8x16x4_t entries = {};
};

}  // namespace
}  // namespace gossamer
