#include <immintrin.h>

#include "kernels/pack_bits/pack_bits.h"

namespace gossamer {
namespace {

inline __m256i Load(const uint8_t* p) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)); }
inline void Store(uint8_t* p, __m256i v) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), v); }

// 16-bit lanes holding even byte | odd byte << bits, from bytes below 1 << bits.
inline __m256i JoinPairs(__m256i bytes, int bits) {
  return _mm256_maddubs_epi16(bytes, _mm256_set1_epi16(static_cast<short>(1 | (1 << (8 + bits)))));
}

// The low bytes of the 16-bit lanes of a, then of b.
inline __m256i Narrow(__m256i a, __m256i b) {
  return _mm256_permute4x64_epi64(_mm256_packus_epi16(a, b), _MM_SHUFFLE(3, 1, 2, 0));
}

inline __m256i ExtendSign(__m256i codes, __m256i sign) { return _mm256_sub_epi8(_mm256_xor_si256(codes, sign), sign); }

// Byte i of `bytes` becomes the 16-bit lane i, i < 16.
inline __m256i Widen(const uint8_t* p) {
  return _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}

}  // namespace

void PackNibblesAvx2(const uint8_t* codes, size_t count, uint8_t* packed) {
  const __m256i mask = _mm256_set1_epi8(15);
  size_t i = 0;
  for (; i + 64 <= count; i += 64) {
    const __m256i a = JoinPairs(_mm256_and_si256(Load(codes + i), mask), 4);
    const __m256i b = JoinPairs(_mm256_and_si256(Load(codes + i + 32), mask), 4);
    Store(packed + i / 2, Narrow(a, b));
  }
  PackNibblesScalar(codes + i, count - i, packed + i / 2);
}

void UnpackNibblesAvx2(const uint8_t* packed, size_t count, bool is_signed, uint8_t* codes) {
  const __m256i mask = _mm256_set1_epi16(15), sign = _mm256_set1_epi8(is_signed ? 8 : 0);
  size_t i = 0;
  for (; i + 32 <= count; i += 32) {
    const __m256i pair = Widen(packed + i / 2);
    const __m256i high = _mm256_slli_epi16(_mm256_srli_epi16(pair, 4), 8);
    Store(codes + i, ExtendSign(_mm256_or_si256(_mm256_and_si256(pair, mask), high), sign));
  }
  UnpackNibblesScalar(packed + i / 2, count - i, is_signed, codes + i);
}

void PackCrumbsAvx2(const uint8_t* codes, size_t count, uint8_t* packed) {
  const __m256i mask = _mm256_set1_epi8(3), join = _mm256_set1_epi32(1 | (16 << 16));
  size_t i = 0;
  for (; i + 32 <= count; i += 32) {
    const __m256i pairs = JoinPairs(_mm256_and_si256(Load(codes + i), mask), 2);
    const __m256i quads = _mm256_madd_epi16(pairs, join);  // 32-bit lanes, each below 256
    const __m128i words = _mm_packus_epi32(_mm256_castsi256_si128(quads), _mm256_extracti128_si256(quads, 1));
    _mm_storel_epi64(reinterpret_cast<__m128i*>(packed + i / 4), _mm_packus_epi16(words, words));
  }
  PackCrumbsScalar(codes + i, count - i, packed + i / 4);
}

void UnpackCrumbsAvx2(const uint8_t* packed, size_t count, bool is_signed, uint8_t* codes) {
  const __m256i sign = _mm256_set1_epi8(is_signed ? 2 : 0);
  size_t i = 0;
  for (; i + 32 <= count; i += 32) {
    const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(packed + i / 4));
    const __m256i quads = _mm256_cvtepu8_epi32(bytes);
    // Each byte of a lane gets its crumb to the bottom: shifts by 0, 2, 4, 6 and back up by 0, 8, 16, 24.
    const __m256i low = _mm256_or_si256(quads, _mm256_slli_epi32(quads, 6));
    const __m256i high = _mm256_or_si256(_mm256_slli_epi32(quads, 12), _mm256_slli_epi32(quads, 18));
    const __m256i keep_low = _mm256_set1_epi32(0x00000303), keep_high = _mm256_set1_epi32(0x03030000);
    const __m256i all = _mm256_or_si256(_mm256_and_si256(low, keep_low), _mm256_and_si256(high, keep_high));
    Store(codes + i, ExtendSign(all, sign));
  }
  UnpackCrumbsScalar(packed + i / 4, count - i, is_signed, codes + i);
}

}  // namespace gossamer
