#include <immintrin.h>

#include "kernels/pack_bits/pack_bits.h"

namespace gossamer {
namespace {

inline __m512i JoinPairs(__m512i bytes, int bits) {
  return _mm512_maddubs_epi16(bytes, _mm512_set1_epi16(static_cast<short>(1 | (1 << (8 + bits)))));
}

inline __m512i ExtendSign(__m512i codes, __m512i sign) { return _mm512_sub_epi8(_mm512_xor_si512(codes, sign), sign); }

}  // namespace

void PackNibblesAvx512(const uint8_t* codes, size_t count, uint8_t* packed) {
  const __m512i mask = _mm512_set1_epi8(15);
  size_t i = 0;
  for (; i + 64 <= count; i += 64) {
    const __m512i pairs = JoinPairs(_mm512_and_si512(_mm512_loadu_si512(codes + i), mask), 4);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(packed + i / 2), _mm512_cvtepi16_epi8(pairs));
  }
  PackNibblesScalar(codes + i, count - i, packed + i / 2);
}

void UnpackNibblesAvx512(const uint8_t* packed, size_t count, bool is_signed, uint8_t* codes) {
  const __m512i mask = _mm512_set1_epi16(15), sign = _mm512_set1_epi8(is_signed ? 8 : 0);
  size_t i = 0;
  for (; i + 64 <= count; i += 64) {
    const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(packed + i / 2));
    const __m512i pair = _mm512_cvtepu8_epi16(bytes);
    const __m512i high = _mm512_slli_epi16(_mm512_srli_epi16(pair, 4), 8);
    _mm512_storeu_si512(codes + i, ExtendSign(_mm512_or_si512(_mm512_and_si512(pair, mask), high), sign));
  }
  UnpackNibblesScalar(packed + i / 2, count - i, is_signed, codes + i);
}

void PackCrumbsAvx512(const uint8_t* codes, size_t count, uint8_t* packed) {
  const __m512i mask = _mm512_set1_epi8(3), join = _mm512_set1_epi32(1 | (16 << 16));
  size_t i = 0;
  for (; i + 64 <= count; i += 64) {
    const __m512i pairs = JoinPairs(_mm512_and_si512(_mm512_loadu_si512(codes + i), mask), 2);
    const __m128i bytes = _mm512_cvtepi32_epi8(_mm512_madd_epi16(pairs, join));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(packed + i / 4), bytes);
  }
  PackCrumbsScalar(codes + i, count - i, packed + i / 4);
}

void UnpackCrumbsAvx512(const uint8_t* packed, size_t count, bool is_signed, uint8_t* codes) {
  const __m512i sign = _mm512_set1_epi8(is_signed ? 2 : 0);
  size_t i = 0;
  for (; i + 64 <= count; i += 64) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(packed + i / 4));
    const __m512i quads = _mm512_cvtepu8_epi32(bytes);
    const __m512i low = _mm512_or_si512(quads, _mm512_slli_epi32(quads, 6));
    const __m512i high = _mm512_or_si512(_mm512_slli_epi32(quads, 12), _mm512_slli_epi32(quads, 18));
    const __m512i keep_low = _mm512_set1_epi32(0x00000303), keep_high = _mm512_set1_epi32(0x03030000);
    const __m512i all = _mm512_or_si512(_mm512_and_si512(low, keep_low), _mm512_and_si512(high, keep_high));
    _mm512_storeu_si512(codes + i, ExtendSign(all, sign));
  }
  UnpackCrumbsScalar(packed + i / 4, count - i, is_signed, codes + i);
}

}  // namespace gossamer
