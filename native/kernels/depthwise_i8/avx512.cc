#include "kernels/simd/avx512.h"

#include "kernels/simd/int8_avx512.h"

#include "kernels/simd/activation.h"

#include "kernels/depthwise_i8/widened_dot.h"

namespace gossamer {
namespace {

inline __m512i Dot(__m512i acc, __m512i x, __m512i w) {  // as those of widened_dot.h
  const __m512i bytes = _mm512_set1_epi16(0xff);
  const __m512i even = _mm512_madd_epi16(_mm512_and_si512(x, bytes), _mm512_srai_epi16(_mm512_slli_epi16(w, 8), 8));
  const __m512i odd = _mm512_madd_epi16(_mm512_srli_epi16(x, 8), _mm512_srai_epi16(w, 8));
  return _mm512_add_epi32(acc, _mm512_add_epi32(even, odd));
}

}  // namespace
}  // namespace gossamer

#include "kernels/depthwise_i8/run_avx512.h"

namespace gossamer {

void DepthwiseI8Avx512(const uint8_t* x, const ActivationRows& rows, size_t row_begin, size_t row_end,
                       const PackedDepthwiseI8& weights, const Int8Output& output) {
  RunDepthwise(x, rows, row_begin, row_end, weights, output);
}

}  // namespace gossamer
