// More vector operations for 8-bit results, after avx2.h.
#pragma once
#include <cstring>

namespace gossamer {
namespace {

inline I32 SmallerI(I32 a, I32 b) { return _mm256_min_epi32(a, b); }
inline I32 LargerI(I32 a, I32 b) { return _mm256_max_epi32(a, b); }
inline I32 MulI(I32 a, I32 b) { return _mm256_mullo_epi32(a, b); }  // low half
// Whether each lane has one of these bits, or more.
template <int kVectors>
inline bool AllHave(const I32 (&a)[kVectors], I32 bits) {
  const I32 none = _mm256_setzero_si256();
  I32 lacks = none;
  for (int v = 0; v < kVectors; ++v) {
    lacks = _mm256_or_si256(lacks, _mm256_cmpeq_epi32(_mm256_and_si256(a[v], bits), none));
  }
  return _mm256_testz_si256(lacks, lacks) != 0;
}

// y[i] = clamp(q[i] + zero, low, high), i < count; 1024 - 2^15 <= zero <= 255, 0 <= low, high <= 255. Writes `count` bytes.
template <int kVectors>
inline void StoreQuantized(uint8_t* y, const I32 (&q)[kVectors], size_t count, int32_t zero, int32_t low,
                           int32_t high) {
  const I32 zeros = _mm256_set1_epi16(static_cast<short>(zero));
  for (int v = 0; v < kVectors; v += 2) {
    const size_t at = static_cast<size_t>(v) * kLanes;
    if (at >= count) return;
    // Saturation to 16 bit and in the sum changes nothing: what it reaches is far beyond 0..255.
    const I32 words = _mm256_adds_epi16(_mm256_packs_epi32(q[v], q[v + 1 < kVectors ? v + 1 : v]), zeros);
    const I32 in_order = _mm256_permute4x64_epi64(words, 0xd8);
    __m128i bytes = _mm_packus_epi16(_mm256_castsi256_si128(in_order), _mm256_extracti128_si256(in_order, 1));
    bytes = _mm_max_epu8(bytes, _mm_set1_epi8(static_cast<char>(low)));
    bytes = _mm_min_epu8(bytes, _mm_set1_epi8(static_cast<char>(high)));
    if (count - at >= 16 && v + 1 < kVectors) {
      _mm_storeu_si128(reinterpret_cast<__m128i*>(y + at), bytes);
    } else {
      alignas(16) uint8_t some[16];
      _mm_store_si128(reinterpret_cast<__m128i*>(some), bytes);
      std::memcpy(y + at, some, count - at < 16 ? count - at : 16);
    }
  }
}

}  // namespace
}  // namespace gossamer
