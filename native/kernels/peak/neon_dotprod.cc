#include <arm_neon.h>

#include <cstring>

#include "kernels/peak/peak.h"

namespace gossamer {

PeakResult<int32_t> PeakInt8NeonDotprod(size_t rounds, const uint8_t (&a)[4], const int8_t (&b)[4]) {
  constexpr size_t kChains = 16;
  uint32_t x_bits, w_bits;
  std::memcpy(&x_bits, a, sizeof x_bits);
  std::memcpy(&w_bits, b, sizeof w_bits);
  const int8x16_t x = vreinterpretq_s8_u32(vdupq_n_u32(x_bits)), w = vreinterpretq_s8_u32(vdupq_n_u32(w_bits));
  const int8x16_t* volatile source = &x;
  const int32x4_t zero{};
  const int32x4_t* volatile zeros = &zero;
  int32x4_t sums[kChains];
  for (int32x4_t& sum : sums) sum = *zeros;
  for (size_t round = 0; round < rounds; ++round) {
    const int8x16_t again = *source;
    for (int32x4_t& sum : sums) sum = vdotq_s32(sum, again, w);
  }
  int32x4_t all = sums[0];
  for (const int32x4_t& sum : sums) all = vorrq_s32(all, sum);
  return {rounds * kChains * 32, vgetq_lane_s32(all, 0) | vgetq_lane_s32(all, 1)};
}

}  // namespace gossamer
