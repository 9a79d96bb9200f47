// The vector operations of simd kernels on AVX2 + FMA + F16C. Included only by files built with those flags; all in an
// unnamed namespace, so that no inline function of this file can be linked into code for another CPU.
#pragma once
#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#define GOSSAMER_SIMD(name) name##Avx2

namespace gossamer {
namespace {

constexpr size_t kLanes = 8;
using F32 = __m256;
using I32 = __m256i;
using Mask = __m256;  // all bits of a lane set or clear

// Lane i set for i < count, count <= 8.
inline __m256i FirstLanes(size_t count) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(count)), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

inline F32 Fill(float v) { return _mm256_set1_ps(v); }
inline I32 FillI(int32_t v) { return _mm256_set1_epi32(v); }
inline F32 Load(const float* p) { return _mm256_loadu_ps(p); }
inline F32 LoadFirst(const float* p, size_t count) { return _mm256_maskload_ps(p, FirstLanes(count)); }
inline F32 LoadFirstOr(const float* p, size_t count, F32 otherwise) {
  const __m256i first = FirstLanes(count);
  return _mm256_blendv_ps(otherwise, _mm256_maskload_ps(p, first), _mm256_castsi256_ps(first));
}
inline void Store(float* p, F32 v) { _mm256_storeu_ps(p, v); }
inline void StoreFirst(float* p, F32 v, size_t count) { _mm256_maskstore_ps(p, FirstLanes(count), v); }
inline I32 LoadI(const int32_t* p) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)); }
inline I32 LoadFirstI(const int32_t* p, size_t count) { return _mm256_maskload_epi32(p, FirstLanes(count)); }
inline void StoreI(int32_t* p, I32 v) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), v); }
inline __m128i EightBytes(const uint8_t* p) { return _mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)); }
inline __m128i FirstBytes(const uint8_t* p, size_t count) {
  alignas(8) uint8_t bytes[8] = {};
  for (size_t i = 0; i < count; ++i) bytes[i] = p[i];
  return EightBytes(bytes);
}
inline I32 LoadSignedBytes(const uint8_t* p) { return _mm256_cvtepi8_epi32(EightBytes(p)); }
inline I32 LoadUnsignedBytes(const uint8_t* p) { return _mm256_cvtepu8_epi32(EightBytes(p)); }
inline I32 LoadFirstSignedBytes(const uint8_t* p, size_t n) { return _mm256_cvtepi8_epi32(FirstBytes(p, n)); }
inline I32 LoadFirstUnsignedBytes(const uint8_t* p, size_t n) { return _mm256_cvtepu8_epi32(FirstBytes(p, n)); }
inline void StoreFirstWords(uint32_t* p, I32 v, size_t count) {
  _mm256_maskstore_epi32(reinterpret_cast<int*>(p), FirstLanes(count), v);
}
// The low byte of each lane.
inline void StoreBytes(uint8_t* p, I32 v) {
  const __m256i low = _mm256_and_si256(v, _mm256_set1_epi32(0xff));
  const __m128i words = _mm_packus_epi32(_mm256_castsi256_si128(low), _mm256_extracti128_si256(low, 1));
  _mm_storel_epi64(reinterpret_cast<__m128i*>(p), _mm_packus_epi16(words, words));
}
inline void StoreFirstBytes(uint8_t* p, I32 v, size_t count) {
  alignas(8) uint8_t bytes[8];
  StoreBytes(bytes, v);
  for (size_t i = 0; i < count; ++i) p[i] = bytes[i];
}

inline F32 Add(F32 a, F32 b) { return _mm256_add_ps(a, b); }
inline F32 Sub(F32 a, F32 b) { return _mm256_sub_ps(a, b); }
inline F32 Mul(F32 a, F32 b) { return _mm256_mul_ps(a, b); }
inline F32 Div(F32 a, F32 b) { return _mm256_div_ps(a, b); }
inline F32 Smaller(F32 a, F32 b) { return _mm256_min_ps(a, b); }  // a < b ? a : b, hence b when one is NaN
inline F32 Larger(F32 a, F32 b) { return _mm256_max_ps(a, b); }   // a > b ? a : b
inline F32 Abs(F32 a) { return _mm256_and_ps(a, _mm256_castsi256_ps(_mm256_set1_epi32(0x7fffffff))); }
inline F32 Negate(F32 a) { return _mm256_xor_ps(a, _mm256_set1_ps(-0.0f)); }
// The magnitude of a with the sign of b.
inline F32 CopySign(F32 a, F32 b) {
  const __m256 sign = _mm256_set1_ps(-0.0f);
  return _mm256_or_ps(_mm256_andnot_ps(sign, a), _mm256_and_ps(sign, b));
}
inline F32 Fma(F32 a, F32 b, F32 c) { return _mm256_fmadd_ps(a, b, c); }  // a * b + c, rounded once
inline F32 Sqrt(F32 a) { return _mm256_sqrt_ps(a); }
inline F32 Floor(F32 a) { return _mm256_floor_ps(a); }
inline F32 Ceil(F32 a) { return _mm256_ceil_ps(a); }
inline F32 Round(F32 a) { return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
inline I32 RoundToInt(F32 a) { return _mm256_cvtps_epi32(a); }  // half to even; |a| < 2^31
inline I32 TruncateToInt(F32 a) { return _mm256_cvttps_epi32(a); }
inline F32 ToFloat(I32 a) { return _mm256_cvtepi32_ps(a); }

inline I32 AddI(I32 a, I32 b) { return _mm256_add_epi32(a, b); }
inline I32 SubI(I32 a, I32 b) { return _mm256_sub_epi32(a, b); }
inline I32 OrI(I32 a, I32 b) { return _mm256_or_si256(a, b); }
inline I32 XorI(I32 a, I32 b) { return _mm256_xor_si256(a, b); }
inline I32 ShiftLeft(I32 a, unsigned bits) { return _mm256_sll_epi32(a, _mm_cvtsi32_si128(static_cast<int>(bits))); }
inline I32 AndI(I32 a, I32 b) { return _mm256_and_si256(a, b); }
// Keeps the sign.
inline I32 ShiftRight(I32 a, unsigned bits) { return _mm256_sra_epi32(a, _mm_cvtsi32_si128(static_cast<int>(bits))); }
inline I32 BitsOf(F32 a) { return _mm256_castps_si256(a); }
inline F32 FromBits(I32 a) { return _mm256_castsi256_ps(a); }
// a * 2^n, rounded once, for whole n in [-252, 252] and 2^-1 <= |a| <= 2, or NaN.
inline F32 TimesPowerOfTwo(F32 a, F32 n) {
  const I32 exponent = RoundToInt(n), half = ShiftRight(exponent, 1), bias = FillI(127);
  const F32 first = FromBits(ShiftLeft(AddI(half, bias), 23));
  return Mul(Mul(a, first), FromBits(ShiftLeft(AddI(SubI(exponent, half), bias), 23)));
}

inline Mask Less(F32 a, F32 b) { return _mm256_cmp_ps(a, b, _CMP_LT_OQ); }
inline Mask Equal(F32 a, F32 b) { return _mm256_cmp_ps(a, b, _CMP_EQ_OQ); }
inline Mask IsNan(F32 a) { return _mm256_cmp_ps(a, a, _CMP_UNORD_Q); }
inline Mask And(Mask a, Mask b) { return _mm256_and_ps(a, b); }
inline Mask Or(Mask a, Mask b) { return _mm256_or_ps(a, b); }
inline bool Any(Mask m) { return _mm256_movemask_ps(m) != 0; }
inline size_t Count(Mask m) {
  return static_cast<size_t>(_mm_popcnt_u32(static_cast<unsigned>(_mm256_movemask_ps(m))));
}
// The 16 partial sums p of a block, lane l of acc[v] being p[v * kLanes + l], folded by halves: p[l] + p[l + 8], then +
// 4, + 2,
// + 1.
inline float TreeSum(const F32 (&acc)[2]) {
  const __m256 eight = _mm256_add_ps(acc[0], acc[1]);
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}
// Of lanes without NaN.
inline float SmallestLane(F32 v) {
  const __m128 four = _mm_min_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  const __m128 two = _mm_min_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_min_ss(two, _mm_movehdup_ps(two)));
}
inline float LargestLane(F32 v) {
  const __m128 four = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

inline F32 Pick(Mask m, F32 yes, F32 no) { return _mm256_blendv_ps(no, yes, m); }
inline I32 PickI(Mask m, I32 yes, I32 no) { return _mm256_blendv_epi8(no, yes, _mm256_castps_si256(m)); }
// table[index & 7].
inline F32 LookUp(const float (&table)[8], I32 index) {
  return _mm256_permutevar8x32_ps(_mm256_loadu_ps(table), index);
}

// ---- double ----
constexpr size_t kDoubleLanes = 4;
using F64 = __m256d;

inline void Widen(F32 v, F64 (&out)[2]) {
  out[0] = _mm256_cvtps_pd(_mm256_castps256_ps128(v));
  out[1] = _mm256_cvtps_pd(_mm256_extractf128_ps(v, 1));
}
inline F64 FillD(double v) { return _mm256_set1_pd(v); }
inline __m256i FirstDoubles(size_t count) {  // count <= 4
  return _mm256_cmpgt_epi64(_mm256_set1_epi64x(static_cast<long long>(count)), _mm256_setr_epi64x(0, 1, 2, 3));
}
inline F64 LoadD(const double* p) { return _mm256_loadu_pd(p); }
inline F64 LoadFirstD(const double* p, size_t count) { return _mm256_maskload_pd(p, FirstDoubles(count)); }
inline void StoreD(double* p, F64 v) { _mm256_storeu_pd(p, v); }
inline void StoreFirstD(double* p, F64 v, size_t count) { _mm256_maskstore_pd(p, FirstDoubles(count), v); }
inline F64 AddD(F64 a, F64 b) { return _mm256_add_pd(a, b); }
inline F64 SubD(F64 a, F64 b) { return _mm256_sub_pd(a, b); }
inline F64 MulD(F64 a, F64 b) { return _mm256_mul_pd(a, b); }
inline F64 NegatedFmaD(F64 a, F64 b, F64 c) { return _mm256_fnmadd_pd(a, b, c); }  // c - a * b, rounded once
inline F64 LargerD(F64 a, F64 b) { return _mm256_max_pd(a, b); }
inline F64 AbsD(F64 a) { return _mm256_andnot_pd(_mm256_set1_pd(-0.0), a); }

}  // namespace
}  // namespace gossamer
