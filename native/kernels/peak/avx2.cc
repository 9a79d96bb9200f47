#include <immintrin.h>

#include "kernels/peak/peak.h"

namespace gossamer {
namespace {

constexpr size_t kChains = 10;  // 8 hide the latency; GCC does not keep 12 in registers

int32_t OrLanes(__m256i v) {
  int32_t lanes[8], result = 0;
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(lanes), v);
  for (int32_t lane : lanes) result |= lane;
  return result;
}

__m256i Repeat(const void* four_bytes) {
  return _mm256_castps_si256(_mm256_broadcast_ss(static_cast<const float*>(four_bytes)));
}

}  // namespace

PeakResult<int32_t> PeakInt8Avx2(size_t rounds, const uint8_t (&a)[4], const int8_t (&b)[4]) {
  const __m256i x = Repeat(a), w = Repeat(b), ones = _mm256_set1_epi16(1);
  // Loaded again by every chain: equal products would be computed once.
  const __m256i* volatile source = &x;
  const __m256i zero{};
  const __m256i* volatile zeros = &zero;
  __m256i sums[kChains];
  for (__m256i& sum : sums) sum = *zeros;
  for (size_t round = 0; round < rounds; ++round) {
    for (__m256i& sum : sums) {
      sum = _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_maddubs_epi16(*source, w), ones));
    }
  }
  __m256i all = sums[0];
  for (const __m256i& sum : sums) all = _mm256_or_si256(all, sum);
  return {rounds * kChains * 64, OrLanes(all)};
}

PeakResult<float> PeakFloatAvx2(size_t rounds, float a, float b) {
  const __m256 x = _mm256_set1_ps(a), w = _mm256_set1_ps(b);
  const __m256* volatile source = &x;
  const __m256 zero{};
  const __m256* volatile zeros = &zero;
  __m256 sums[kChains];
  for (__m256& sum : sums) sum = *zeros;
  for (size_t round = 0; round < rounds; ++round) {
    const __m256 again = *source;
    for (__m256& sum : sums) sum = _mm256_fmadd_ps(again, w, sum);
  }
  __m256 all = sums[0];
  for (const __m256& sum : sums) all = _mm256_max_ps(all, sum);
  return {rounds * kChains * 16, _mm256_cvtss_f32(all)};
}

uint64_t ReadBytesAvx2(const uint8_t* x, size_t count) {
  constexpr size_t kStep = 8 * sizeof(__m256i);
  __m256i words[8] = {};
  size_t i = 0;
  for (; i + kStep <= count; i += kStep) {
    for (size_t v = 0; v < 8; ++v) {
      words[v] = _mm256_xor_si256(words[v], _mm256_loadu_si256(reinterpret_cast<const __m256i*>(x + i) + v));
    }
  }
  __m256i all = words[0];
  for (size_t v = 1; v < 8; ++v) all = _mm256_xor_si256(all, words[v]);
  uint64_t lanes[4];
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(lanes), all);
  return lanes[0] ^ lanes[1] ^ lanes[2] ^ lanes[3] ^ ReadBytesScalar(x + i, count - i);
}

}  // namespace gossamer
