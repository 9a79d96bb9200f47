#include <immintrin.h>

#include "kernels/peak/peak.h"

namespace gossamer {

PeakResult<int32_t> PeakInt8AvxVnni(size_t rounds, const uint8_t (&a)[4], const int8_t (&b)[4]) {
  constexpr size_t kChains = 10;
  const __m256i x = _mm256_castps_si256(_mm256_broadcast_ss(reinterpret_cast<const float*>(a)));
  const __m256i w = _mm256_castps_si256(_mm256_broadcast_ss(reinterpret_cast<const float*>(b)));
  const __m256i* volatile source = &x;
  const __m256i zero{};
  const __m256i* volatile zeros = &zero;
  __m256i sums[kChains];
  for (__m256i& sum : sums) sum = *zeros;
  for (size_t round = 0; round < rounds; ++round) {
    const __m256i again = *source;
    for (__m256i& sum : sums) sum = _mm256_dpbusd_avx_epi32(sum, again, w);
  }
  __m256i all = sums[0];
  for (const __m256i& sum : sums) all = _mm256_or_si256(all, sum);
  int32_t lanes[8], lane = 0;
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(lanes), all);
  for (int32_t value : lanes) lane |= value;
  return {rounds * kChains * 64, lane};
}

}  // namespace gossamer
