// The vector operations of simd kernels on AArch64 NEON; all in an unnamed namespace, like its siblings.
#pragma once
#include <arm_neon.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#define GOSSAMER_SIMD(name) name##Neon

namespace gossamer {
namespace {

constexpr size_t kLanes = 4;
using F32 = float32x4_t;
using I32 = int32x4_t;
using Mask = uint32x4_t;  // all bits of a lane set or clear

inline F32 Fill(float v) { return vdupq_n_f32(v); }
inline I32 FillI(int32_t v) { return vdupq_n_s32(v); }
inline F32 Load(const float* p) { return vld1q_f32(p); }
inline F32 LoadFirst(const float* p, size_t count) {
  float lanes[4] = {};
  for (size_t i = 0; i < count; ++i) lanes[i] = p[i];
  return vld1q_f32(lanes);
}
inline F32 LoadFirstOr(const float* p, size_t count, F32 otherwise) {
  float lanes[4];
  vst1q_f32(lanes, otherwise);
  for (size_t i = 0; i < count; ++i) lanes[i] = p[i];
  return vld1q_f32(lanes);
}
inline void Store(float* p, F32 v) { vst1q_f32(p, v); }
inline void StoreFirst(float* p, F32 v, size_t count) {
  float lanes[4];
  vst1q_f32(lanes, v);
  for (size_t i = 0; i < count; ++i) p[i] = lanes[i];
}
inline I32 LoadI(const int32_t* p) { return vld1q_s32(p); }
inline I32 LoadFirstI(const int32_t* p, size_t count) {
  int32_t lanes[4] = {};
  for (size_t i = 0; i < count; ++i) lanes[i] = p[i];
  return vld1q_s32(lanes);
}
inline void StoreI(int32_t* p, I32 v) { vst1q_s32(p, v); }
inline uint8x8_t FirstBytes(const uint8_t* p, size_t count) {
  uint8_t bytes[8] = {};
  std::memcpy(bytes, p, count);
  return vld1_u8(bytes);
}
inline I32 LoadFirstSignedBytes(const uint8_t* p, size_t count) {
  return vmovl_s16(vget_low_s16(vmovl_s8(vreinterpret_s8_u8(FirstBytes(p, count)))));
}
inline I32 LoadFirstUnsignedBytes(const uint8_t* p, size_t count) {
  return vreinterpretq_s32_u32(vmovl_u16(vget_low_u16(vmovl_u8(FirstBytes(p, count)))));
}
inline I32 LoadSignedBytes(const uint8_t* p) { return LoadFirstSignedBytes(p, 4); }
inline I32 LoadUnsignedBytes(const uint8_t* p) { return LoadFirstUnsignedBytes(p, 4); }
inline void StoreFirstWords(uint32_t* p, I32 v, size_t count) { std::memcpy(p, &v, count * sizeof(uint32_t)); }
// The low byte of each lane.
inline void StoreFirstBytes(uint8_t* p, I32 v, size_t count) {
  const uint16x4_t words = vmovn_u32(vreinterpretq_u32_s32(v));
  uint8_t bytes[8];
  vst1_u8(bytes, vmovn_u16(vcombine_u16(words, words)));
  std::memcpy(p, bytes, count);
}
inline void StoreBytes(uint8_t* p, I32 v) { StoreFirstBytes(p, v, 4); }

inline F32 Add(F32 a, F32 b) { return vaddq_f32(a, b); }
inline F32 Sub(F32 a, F32 b) { return vsubq_f32(a, b); }
inline F32 Mul(F32 a, F32 b) { return vmulq_f32(a, b); }
inline F32 Div(F32 a, F32 b) { return vdivq_f32(a, b); }
// NEON's own minimum and maximum return NaN when one is NaN; these are x86's.
inline F32 Smaller(F32 a, F32 b) { return vbslq_f32(vcltq_f32(a, b), a, b); }  // a < b ? a : b
inline F32 Larger(F32 a, F32 b) { return vbslq_f32(vcgtq_f32(a, b), a, b); }   // a > b ? a : b
inline F32 Abs(F32 a) { return vabsq_f32(a); }
inline F32 Negate(F32 a) { return vnegq_f32(a); }
// The magnitude of a with the sign of b.
inline F32 CopySign(F32 a, F32 b) { return vbslq_f32(vdupq_n_u32(0x80000000u), b, a); }
inline F32 Fma(F32 a, F32 b, F32 c) { return vfmaq_f32(c, a, b); }  // a * b + c, rounded once
inline F32 Sqrt(F32 a) { return vsqrtq_f32(a); }
inline F32 Floor(F32 a) { return vrndmq_f32(a); }
inline F32 Ceil(F32 a) { return vrndpq_f32(a); }
inline F32 Round(F32 a) { return vrndnq_f32(a); }
inline I32 RoundToInt(F32 a) { return vcvtnq_s32_f32(a); }  // half to even
inline I32 TruncateToInt(F32 a) { return vcvtq_s32_f32(a); }
inline F32 ToFloat(I32 a) { return vcvtq_f32_s32(a); }

inline I32 AddI(I32 a, I32 b) { return vaddq_s32(a, b); }
inline I32 SubI(I32 a, I32 b) { return vsubq_s32(a, b); }
inline I32 OrI(I32 a, I32 b) { return vorrq_s32(a, b); }
inline I32 XorI(I32 a, I32 b) { return veorq_s32(a, b); }
inline I32 ShiftLeft(I32 a, unsigned bits) { return vshlq_s32(a, vdupq_n_s32(static_cast<int32_t>(bits))); }
inline I32 AndI(I32 a, I32 b) { return vandq_s32(a, b); }
// Keeps the sign.
inline I32 ShiftRight(I32 a, unsigned bits) { return vshlq_s32(a, vdupq_n_s32(-static_cast<int32_t>(bits))); }
inline I32 BitsOf(F32 a) { return vreinterpretq_s32_f32(a); }
inline F32 FromBits(I32 a) { return vreinterpretq_f32_s32(a); }
// a * 2^n, rounded once, for whole n in [-252, 252] and 2^-1 <= |a| <= 2, or NaN.
inline F32 TimesPowerOfTwo(F32 a, F32 n) {
  const I32 exponent = RoundToInt(n), half = ShiftRight(exponent, 1), bias = FillI(127);
  const F32 first = FromBits(ShiftLeft(AddI(half, bias), 23));
  return Mul(Mul(a, first), FromBits(ShiftLeft(AddI(SubI(exponent, half), bias), 23)));
}

inline Mask Less(F32 a, F32 b) { return vcltq_f32(a, b); }
inline Mask Equal(F32 a, F32 b) { return vceqq_f32(a, b); }
inline Mask IsNan(F32 a) { return vmvnq_u32(vceqq_f32(a, a)); }
inline Mask And(Mask a, Mask b) { return vandq_u32(a, b); }
inline Mask Or(Mask a, Mask b) { return vorrq_u32(a, b); }
inline bool Any(Mask m) { return vmaxvq_u32(m) != 0; }
inline size_t Count(Mask m) { return vaddvq_u32(vshrq_n_u32(m, 31)); }
// The 16 partial sums p of a block, lane l of acc[v] being p[v * kLanes + l], folded by halves: p[l] + p[l + 8], then +
// 4, + 2,
// + 1.
inline float TreeSum(const F32 (&acc)[4]) {
  const float32x4_t four = vaddq_f32(vaddq_f32(acc[0], acc[2]), vaddq_f32(acc[1], acc[3]));
  const float32x2_t two = vadd_f32(vget_low_f32(four), vget_high_f32(four));
  return vget_lane_f32(two, 0) + vget_lane_f32(two, 1);
}
// Of lanes without NaN.
inline float SmallestLane(F32 v) { return vminvq_f32(v); }
inline float LargestLane(F32 v) { return vmaxvq_f32(v); }

inline F32 Pick(Mask m, F32 yes, F32 no) { return vbslq_f32(m, yes, no); }
inline I32 PickI(Mask m, I32 yes, I32 no) { return vbslq_s32(m, yes, no); }
// table[index & 7]: by bytes, the first of a lane being 4 * (index & 7).
inline F32 LookUp(const float (&table)[8], I32 index) {
  const I32 bytes = vmlaq_s32(vdupq_n_s32(0x03020100), vandq_s32(index, vdupq_n_s32(7)), vdupq_n_s32(0x04040404));
  const uint8x16x2_t all = {{vreinterpretq_u8_f32(vld1q_f32(table)), vreinterpretq_u8_f32(vld1q_f32(table + 4))}};
  return vreinterpretq_f32_u8(vqtbl2q_u8(all, vreinterpretq_u8_s32(bytes)));
}

// ---- double ----
constexpr size_t kDoubleLanes = 2;
using F64 = float64x2_t;

inline void Widen(F32 v, F64 (&out)[2]) {
  out[0] = vcvt_f64_f32(vget_low_f32(v));
  out[1] = vcvt_high_f64_f32(v);
}
inline F64 FillD(double v) { return vdupq_n_f64(v); }
inline F64 LoadD(const double* p) { return vld1q_f64(p); }
inline F64 LoadFirstD(const double* p, size_t count) {  // count <= 2
  return count == 0 ? vdupq_n_f64(0) : count == 1 ? vsetq_lane_f64(p[0], vdupq_n_f64(0), 0) : vld1q_f64(p);
}
inline void StoreD(double* p, F64 v) { vst1q_f64(p, v); }
inline void StoreFirstD(double* p, F64 v, size_t count) {
  if (count > 1) {
    vst1q_f64(p, v);
  } else if (count == 1) {
    p[0] = vgetq_lane_f64(v, 0);
  }
}
inline F64 AddD(F64 a, F64 b) { return vaddq_f64(a, b); }
inline F64 SubD(F64 a, F64 b) { return vsubq_f64(a, b); }
inline F64 MulD(F64 a, F64 b) { return vmulq_f64(a, b); }
inline F64 NegatedFmaD(F64 a, F64 b, F64 c) { return vfmsq_f64(c, a, b); }  // c - a * b, rounded once
inline F64 LargerD(F64 a, F64 b) { return vmaxq_f64(a, b); }  // of lanes without NaN
inline F64 AbsD(F64 a) { return vabsq_f64(a); }

}  // namespace
}  // namespace gossamer
