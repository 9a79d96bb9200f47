// The vector operations of simd kernels on AVX-512 (F, BW, DQ, VL). Included only by files built with those flags; all
// in an unnamed namespace, so that no inline function of this file can be linked into code for another CPU. Each function
// does, bit for bit, what its namesake in avx2.h and neon.h does.
#pragma once
#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#define GOSSAMER_SIMD(name) name##Avx512

namespace gossamer {
namespace {

constexpr size_t kLanes = 16;
using F32 = __m512;
using I32 = __m512i;
using Mask = __mmask16;

inline Mask FirstLanes(size_t count) { return static_cast<Mask>((1u << count) - 1u); }  // count <= 16

inline F32 Fill(float v) { return _mm512_set1_ps(v); }
inline I32 FillI(int32_t v) { return _mm512_set1_epi32(v); }
inline F32 Load(const float* p) { return _mm512_loadu_ps(p); }
inline F32 LoadFirst(const float* p, size_t count) { return _mm512_maskz_loadu_ps(FirstLanes(count), p); }
inline F32 LoadFirstOr(const float* p, size_t count, F32 otherwise) {
  return _mm512_mask_loadu_ps(otherwise, FirstLanes(count), p);
}
inline void Store(float* p, F32 v) { _mm512_storeu_ps(p, v); }
inline void StoreFirst(float* p, F32 v, size_t count) { _mm512_mask_storeu_ps(p, FirstLanes(count), v); }
inline I32 LoadI(const int32_t* p) { return _mm512_loadu_si512(p); }
inline I32 LoadFirstI(const int32_t* p, size_t count) { return _mm512_maskz_loadu_epi32(FirstLanes(count), p); }
inline void StoreI(int32_t* p, I32 v) { _mm512_storeu_si512(p, v); }
inline I32 LoadSignedBytes(const uint8_t* p) {
  return _mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}
inline I32 LoadUnsignedBytes(const uint8_t* p) {
  return _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}
inline I32 LoadFirstSignedBytes(const uint8_t* p, size_t count) {
  return _mm512_cvtepi8_epi32(_mm_maskz_loadu_epi8(FirstLanes(count), p));
}
inline I32 LoadFirstUnsignedBytes(const uint8_t* p, size_t count) {
  return _mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(FirstLanes(count), p));
}
inline void StoreFirstWords(uint32_t* p, I32 v, size_t count) { _mm512_mask_storeu_epi32(p, FirstLanes(count), v); }
// The low byte of each lane.
inline void StoreBytes(uint8_t* p, I32 v) { _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_cvtepi32_epi8(v)); }
inline void StoreFirstBytes(uint8_t* p, I32 v, size_t count) {
  _mm_mask_storeu_epi8(p, FirstLanes(count), _mm512_cvtepi32_epi8(v));
}

inline F32 Add(F32 a, F32 b) { return _mm512_add_ps(a, b); }
inline F32 Sub(F32 a, F32 b) { return _mm512_sub_ps(a, b); }
inline F32 Mul(F32 a, F32 b) { return _mm512_mul_ps(a, b); }
inline F32 Div(F32 a, F32 b) { return _mm512_div_ps(a, b); }
inline F32 Smaller(F32 a, F32 b) { return _mm512_min_ps(a, b); }  // a < b ? a : b, hence b when one is NaN
inline F32 Larger(F32 a, F32 b) { return _mm512_max_ps(a, b); }   // a > b ? a : b
inline F32 Abs(F32 a) { return _mm512_abs_ps(a); }
inline F32 Negate(F32 a) { return _mm512_xor_ps(a, _mm512_set1_ps(-0.0f)); }
// The magnitude of a with the sign of b.
inline F32 CopySign(F32 a, F32 b) {
  const __m512 sign = _mm512_set1_ps(-0.0f);
  return _mm512_or_ps(_mm512_andnot_ps(sign, a), _mm512_and_ps(sign, b));
}
inline F32 Fma(F32 a, F32 b, F32 c) { return _mm512_fmadd_ps(a, b, c); }  // a * b + c, rounded once
inline F32 Sqrt(F32 a) { return _mm512_sqrt_ps(a); }
inline F32 Floor(F32 a) { return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC); }
inline F32 Ceil(F32 a) { return _mm512_roundscale_ps(a, _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC); }
inline F32 Round(F32 a) { return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
inline I32 RoundToInt(F32 a) { return _mm512_cvtps_epi32(a); }  // half to even; |a| < 2^31
inline I32 TruncateToInt(F32 a) { return _mm512_cvttps_epi32(a); }
inline F32 ToFloat(I32 a) { return _mm512_cvtepi32_ps(a); }

inline I32 AddI(I32 a, I32 b) { return _mm512_add_epi32(a, b); }
inline I32 SubI(I32 a, I32 b) { return _mm512_sub_epi32(a, b); }
inline I32 OrI(I32 a, I32 b) { return _mm512_or_si512(a, b); }
inline I32 XorI(I32 a, I32 b) { return _mm512_xor_si512(a, b); }
inline I32 ShiftLeft(I32 a, unsigned bits) { return _mm512_sll_epi32(a, _mm_cvtsi32_si128(static_cast<int>(bits))); }
inline I32 AndI(I32 a, I32 b) { return _mm512_and_si512(a, b); }
// Keeps the sign.
inline I32 ShiftRight(I32 a, unsigned bits) { return _mm512_sra_epi32(a, _mm_cvtsi32_si128(static_cast<int>(bits))); }
inline I32 BitsOf(F32 a) { return _mm512_castps_si512(a); }
inline F32 FromBits(I32 a) { return _mm512_castsi512_ps(a); }
// a * 2^n, rounded once, for whole n in [-252, 252] and 2^-1 <= |a| <= 2, or NaN.
inline F32 TimesPowerOfTwo(F32 a, F32 n) { return _mm512_scalef_ps(a, n); }

inline Mask Less(F32 a, F32 b) { return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ); }
inline Mask Equal(F32 a, F32 b) { return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ); }
inline Mask IsNan(F32 a) { return _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q); }
inline Mask And(Mask a, Mask b) { return static_cast<Mask>(a & b); }
inline Mask Or(Mask a, Mask b) { return static_cast<Mask>(a | b); }
inline bool Any(Mask m) { return m != 0; }
inline size_t Count(Mask m) { return static_cast<size_t>(_mm_popcnt_u32(m)); }
// The 16 partial sums p of a block, lane l of acc[v] being p[v * kLanes + l], folded by halves: p[l] + p[l + 8], then +
// 4, + 2,
// + 1.
inline float TreeSum(const F32 (&acc)[1]) {
  const __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(acc[0]), _mm512_extractf32x8_ps(acc[0], 1));
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}
// Of lanes without NaN.
inline float SmallestLane(F32 v) { return _mm512_reduce_min_ps(v); }
inline float LargestLane(F32 v) { return _mm512_reduce_max_ps(v); }

inline F32 Pick(Mask m, F32 yes, F32 no) { return _mm512_mask_blend_ps(m, no, yes); }
inline I32 PickI(Mask m, I32 yes, I32 no) { return _mm512_mask_blend_epi32(m, no, yes); }
// table[index & 7].
inline F32 LookUp(const float (&table)[8], I32 index) {
  return _mm512_permutexvar_ps(index, _mm512_broadcast_f32x8(_mm256_loadu_ps(table)));
}

// ---- double ----
constexpr size_t kDoubleLanes = 8;
using F64 = __m512d;

inline void Widen(F32 v, F64 (&out)[2]) {
  out[0] = _mm512_cvtps_pd(_mm512_castps512_ps256(v));
  out[1] = _mm512_cvtps_pd(_mm512_extractf32x8_ps(v, 1));
}
inline F64 FillD(double v) { return _mm512_set1_pd(v); }
inline F64 LoadD(const double* p) { return _mm512_loadu_pd(p); }
inline F64 LoadFirstD(const double* p, size_t count) {  // count <= 8
  return _mm512_maskz_loadu_pd(static_cast<__mmask8>((1u << count) - 1u), p);
}
inline void StoreD(double* p, F64 v) { _mm512_storeu_pd(p, v); }
inline void StoreFirstD(double* p, F64 v, size_t count) {
  _mm512_mask_storeu_pd(p, static_cast<__mmask8>((1u << count) - 1u), v);
}
inline F64 AddD(F64 a, F64 b) { return _mm512_add_pd(a, b); }
inline F64 SubD(F64 a, F64 b) { return _mm512_sub_pd(a, b); }
inline F64 MulD(F64 a, F64 b) { return _mm512_mul_pd(a, b); }
inline F64 NegatedFmaD(F64 a, F64 b, F64 c) { return _mm512_fnmadd_pd(a, b, c); }  // c - a * b, rounded once
inline F64 LargerD(F64 a, F64 b) { return _mm512_max_pd(a, b); }
inline F64 AbsD(F64 a) { return _mm512_abs_pd(a); }

}  // namespace
}  // namespace gossamer
