#include <immintrin.h>

#include "kernels/peak/peak.h"

namespace gossamer {

PeakResult<int32_t> PeakInt8Avx512Vnni(size_t rounds, const uint8_t (&a)[4], const int8_t (&b)[4]) {
  constexpr size_t kChains = 16;
  const __m512i x = _mm512_castps_si512(_mm512_broadcastss_ps(_mm_load_ss(reinterpret_cast<const float*>(a))));
  const __m512i w = _mm512_castps_si512(_mm512_broadcastss_ps(_mm_load_ss(reinterpret_cast<const float*>(b))));
  const __m512i* volatile source = &x;
  const __m512i zero{};
  const __m512i* volatile zeros = &zero;
  __m512i sums[kChains];
  for (__m512i& sum : sums) sum = *zeros;
  for (size_t round = 0; round < rounds; ++round) {
    const __m512i again = *source;
    for (__m512i& sum : sums) sum = _mm512_dpbusd_epi32(sum, again, w);
  }
  __m512i all = sums[0];
  for (const __m512i& sum : sums) all = _mm512_or_si512(all, sum);
  return {rounds * kChains * 128, _mm512_reduce_or_epi32(all)};
}

}  // namespace gossamer
