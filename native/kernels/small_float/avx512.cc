#include <immintrin.h>

#include "kernels/small_float/small_float.h"

namespace gossamer {

void F32ToF16Avx512(const float* x, size_t count, uint16_t* half) {
  size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    const __m256i h = _mm512_cvtps_ph(_mm512_loadu_ps(x + i), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(half + i), h);
  }
  F32ToF16Scalar(x + i, count - i, half + i);
}

void F16ToF32Avx512(const uint16_t* half, size_t count, float* x) {
  size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    _mm512_storeu_ps(x + i, _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(half + i))));
  }
  F16ToF32Scalar(half + i, count - i, x + i);
}

// In integers: the AVX512_BF16 instruction would flush subnormals.
void F32ToBf16Avx512(const float* x, size_t count, uint16_t* half) {
  const __m512i one = _mm512_set1_epi32(1), bias = _mm512_set1_epi32(0x7fff), quiet = _mm512_set1_epi32(0x40);
  size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    const __m512 v = _mm512_loadu_ps(x + i);
    const __m512i bits = _mm512_castps_si512(v), upper = _mm512_srli_epi32(bits, 16);
    const __m512i odd = _mm512_and_si512(upper, one);
    const __m512i rounded = _mm512_srli_epi32(_mm512_add_epi32(bits, _mm512_add_epi32(bias, odd)), 16);
    const __mmask16 is_nan = _mm512_cmp_ps_mask(v, v, _CMP_UNORD_Q);
    const __m512i words = _mm512_mask_or_epi32(rounded, is_nan, upper, quiet);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(half + i), _mm512_cvtepi32_epi16(words));
  }
  F32ToBf16Scalar(x + i, count - i, half + i);
}

void Bf16ToF32Avx512(const uint16_t* half, size_t count, float* x) {
  size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    const __m512i wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(half + i)));
    _mm512_storeu_ps(x + i, _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16)));
  }
  Bf16ToF32Scalar(half + i, count - i, x + i);
}

}  // namespace gossamer
