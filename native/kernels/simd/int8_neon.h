// More vector operations for 8-bit results, after neon.h.
#pragma once

namespace gossamer {
namespace {

inline I32 SmallerI(I32 a, I32 b) { return vminq_s32(a, b); }
inline I32 LargerI(I32 a, I32 b) { return vmaxq_s32(a, b); }
inline I32 MulI(I32 a, I32 b) { return vmulq_s32(a, b); }  // low half
// Whether each lane has one of these bits, or more.
template <int kVectors>
inline bool AllHave(const I32 (&a)[kVectors], I32 bits) {
  Mask all = vtstq_s32(a[0], bits);
  for (int v = 1; v < kVectors; ++v) all = vandq_u32(all, vtstq_s32(a[v], bits));
  return vminvq_u32(all) != 0;
}

// y[i] = clamp(q[i] + zero, low, high), i < count; 1024 - 2^15 <= zero <= 255, 0 <= low, high <= 255. Writes `count` bytes.
template <int kVectors>
inline void StoreQuantized(uint8_t* y, const I32 (&q)[kVectors], size_t count, int32_t zero, int32_t low,
                           int32_t high) {
  const int16x8_t zeros = vdupq_n_s16(static_cast<int16_t>(zero));
  for (int v = 0; v < kVectors; v += 2) {
    const size_t at = static_cast<size_t>(v) * kLanes;
    if (at >= count) return;
    // Saturation to 16 bit and in the sum changes nothing: what it reaches is far beyond 0..255.
    const int16x8_t words = vcombine_s16(vqmovn_s32(q[v]), vqmovn_s32(q[v + 1 < kVectors ? v + 1 : v]));
    uint8x8_t bytes = vqmovun_s16(vqaddq_s16(words, zeros));
    bytes = vmin_u8(vmax_u8(bytes, vdup_n_u8(static_cast<uint8_t>(low))), vdup_n_u8(static_cast<uint8_t>(high)));
    if (count - at >= 8 && v + 1 < kVectors) {
      vst1_u8(y + at, bytes);
    } else {
      uint8_t some[8];
      vst1_u8(some, bytes);
      std::memcpy(y + at, some, count - at < 8 ? count - at : 8);
    }
  }
}

}  // namespace
}  // namespace gossamer
