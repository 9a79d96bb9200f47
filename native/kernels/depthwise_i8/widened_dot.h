// Dot (kernels/depthwise_i8/block.h) of 128- and 256-bit vectors for the x86 sets without a dot product of bytes.
// vpmaddubsw would saturate, so even and odd bytes are widened to 16 bits, which vpmaddwd multiplies and adds exactly.
#pragma once

namespace gossamer {
namespace {

inline __m128i Dot(__m128i acc, __m128i x, __m128i w) {
  const __m128i bytes = _mm_set1_epi16(0xff);
  const __m128i even = _mm_madd_epi16(_mm_and_si128(x, bytes), _mm_srai_epi16(_mm_slli_epi16(w, 8), 8));
  const __m128i odd = _mm_madd_epi16(_mm_srli_epi16(x, 8), _mm_srai_epi16(w, 8));
  return _mm_add_epi32(acc, _mm_add_epi32(even, odd));
}
inline __m256i Dot(__m256i acc, __m256i x, __m256i w) {
  const __m256i bytes = _mm256_set1_epi16(0xff);
  const __m256i even = _mm256_madd_epi16(_mm256_and_si256(x, bytes), _mm256_srai_epi16(_mm256_slli_epi16(w, 8), 8));
  const __m256i odd = _mm256_madd_epi16(_mm256_srli_epi16(x, 8), _mm256_srai_epi16(w, 8));
  return _mm256_add_epi32(acc, _mm256_add_epi32(even, odd));
}

}  // namespace
}  // namespace gossamer
