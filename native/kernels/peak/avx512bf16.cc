#include <immintrin.h>

#include <cstring>

#include "kernels/peak/peak.h"

namespace gossamer {
namespace {

// 32 times the upper half of v's bits.
__m512bh Repeat(float v) {
  uint32_t bits;
  std::memcpy(&bits, &v, sizeof bits);
  const uint32_t pair = (bits & 0xffff0000u) | bits >> 16;
  uint32_t lanes[16];
  for (uint32_t& lane : lanes) lane = pair;
  __m512bh result;
  std::memcpy(&result, lanes, sizeof result);
  return result;
}

}  // namespace

PeakResult<float> PeakBf16Avx512Bf16(size_t rounds, float a, float b) {
  constexpr size_t kChains = 16;
  const __m512bh x = Repeat(a), w = Repeat(b);
  const __m512bh* volatile source = &x;
  const __m512 zero{};
  const __m512* volatile zeros = &zero;
  __m512 sums[kChains];
  for (__m512& sum : sums) sum = *zeros;
  for (size_t round = 0; round < rounds; ++round) {
    const __m512bh again = *source;
    for (__m512& sum : sums) sum = _mm512_dpbf16_ps(sum, again, w);
  }
  __m512 all = sums[0];
  for (const __m512& sum : sums) all = _mm512_max_ps(all, sum);
  return {rounds * kChains * 64, _mm512_reduce_max_ps(all)};
}

}  // namespace gossamer
