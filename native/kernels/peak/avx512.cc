#include <immintrin.h>

#include "kernels/peak/peak.h"

namespace gossamer {
namespace {

constexpr size_t kChains = 16;  // fewer do not hide the latency of two operations a cycle

}  // namespace

PeakResult<int32_t> PeakInt8Avx512(size_t rounds, const uint8_t (&a)[4], const int8_t (&b)[4]) {
  const __m512i x = _mm512_castps_si512(_mm512_broadcastss_ps(_mm_load_ss(reinterpret_cast<const float*>(a))));
  const __m512i w = _mm512_castps_si512(_mm512_broadcastss_ps(_mm_load_ss(reinterpret_cast<const float*>(b))));
  const __m512i ones = _mm512_set1_epi16(1);
  // Loaded again by every chain: equal products would be computed once.
  const __m512i* volatile source = &x;
  const __m512i zero{};
  const __m512i* volatile zeros = &zero;
  __m512i sums[kChains];
  for (__m512i& sum : sums) sum = *zeros;
  for (size_t round = 0; round < rounds; ++round) {
    for (__m512i& sum : sums) {
      sum = _mm512_add_epi32(sum, _mm512_madd_epi16(_mm512_maddubs_epi16(*source, w), ones));
    }
  }
  __m512i all = sums[0];
  for (const __m512i& sum : sums) all = _mm512_or_si512(all, sum);
  return {rounds * kChains * 128, _mm512_reduce_or_epi32(all)};
}

PeakResult<float> PeakFloatAvx512(size_t rounds, float a, float b) {
  const __m512 x = _mm512_set1_ps(a), w = _mm512_set1_ps(b);
  const __m512* volatile source = &x;
  const __m512 zero{};
  const __m512* volatile zeros = &zero;
  __m512 sums[kChains];
  for (__m512& sum : sums) sum = *zeros;
  for (size_t round = 0; round < rounds; ++round) {
    const __m512 again = *source;
    for (__m512& sum : sums) sum = _mm512_fmadd_ps(again, w, sum);
  }
  __m512 all = sums[0];
  for (const __m512& sum : sums) all = _mm512_max_ps(all, sum);
  return {rounds * kChains * 32, _mm512_reduce_max_ps(all)};
}

uint64_t ReadBytesAvx512(const uint8_t* x, size_t count) {
  constexpr size_t kStep = 8 * sizeof(__m512i);
  __m512i words[8] = {};
  size_t i = 0;
  for (; i + kStep <= count; i += kStep) {
    for (size_t v = 0; v < 8; ++v) {
      words[v] = _mm512_xor_si512(words[v], _mm512_loadu_si512(x + i + v * sizeof(__m512i)));
    }
  }
  __m512i all = words[0];
  for (size_t v = 1; v < 8; ++v) all = _mm512_xor_si512(all, words[v]);
  uint64_t lanes[8], result = ReadBytesScalar(x + i, count - i);
  _mm512_storeu_si512(lanes, all);
  for (uint64_t lane : lanes) result ^= lane;
  return result;
}

}  // namespace gossamer
