#include "kernels/simd/avx512.h"

#include "kernels/simd/int8_avx512.h"

#include "kernels/simd/activation.h"

namespace gossamer {
namespace {

inline __m128i Dot(__m128i acc, __m128i x, __m128i w) { return _mm_dpbusd_epi32(acc, x, w); }
inline __m256i Dot(__m256i acc, __m256i x, __m256i w) { return _mm256_dpbusd_epi32(acc, x, w); }
inline __m512i Dot(__m512i acc, __m512i x, __m512i w) { return _mm512_dpbusd_epi32(acc, x, w); }

}  // namespace
}  // namespace gossamer

#include "kernels/depthwise_i8/run_avx512.h"

namespace gossamer {

void DepthwiseI8Avx512Vnni(const uint8_t* x, const ActivationRows& rows, size_t row_begin, size_t row_end,
                           const PackedDepthwiseI8& weights, const Int8Output& output) {
  RunDepthwise(x, rows, row_begin, row_end, weights, output);
}

}  // namespace gossamer
