#include <arm_neon.h>

#include <cstring>

#include "kernels/peak/peak.h"

namespace gossamer {
namespace {

constexpr size_t kChains = 16;

}  // namespace

PeakResult<int32_t> PeakInt8Neon(size_t rounds, const uint8_t (&a)[4], const int8_t (&b)[4]) {
  uint32_t x_bits, w_bits;
  std::memcpy(&x_bits, a, sizeof x_bits);
  std::memcpy(&w_bits, b, sizeof w_bits);
  const int8x8_t x = vreinterpret_s8_u32(vdup_n_u32(x_bits)), w = vreinterpret_s8_u32(vdup_n_u32(w_bits));
  // Loaded again by every chain: equal products would be computed once.
  const int8x8_t* volatile source = &x;
  const int32x4_t zero{};
  const int32x4_t* volatile zeros = &zero;
  int32x4_t sums[kChains];
  for (int32x4_t& sum : sums) sum = *zeros;
  // vpadal leaves the sum of elements 0, 1 in even lanes and that of 2, 3 in odd ones.
  for (size_t round = 0; round < rounds; ++round) {
    for (int32x4_t& sum : sums) sum = vpadalq_s16(sum, vmull_s8(*source, w));
  }
  int32x4_t all = sums[0];
  for (const int32x4_t& sum : sums) all = vorrq_s32(all, sum);
  return {rounds * kChains * 16, vgetq_lane_s32(all, 0) + vgetq_lane_s32(all, 1)};
}

PeakResult<float> PeakFloatNeon(size_t rounds, float a, float b) {
  const float32x4_t x = vdupq_n_f32(a), w = vdupq_n_f32(b);
  const float32x4_t* volatile source = &x;
  const float32x4_t zero{};
  const float32x4_t* volatile zeros = &zero;
  float32x4_t sums[kChains];
  for (float32x4_t& sum : sums) sum = *zeros;
  for (size_t round = 0; round < rounds; ++round) {
    const float32x4_t again = *source;
    for (float32x4_t& sum : sums) sum = vfmaq_f32(sum, again, w);
  }
  float32x4_t all = sums[0];
  for (const float32x4_t& sum : sums) all = vmaxq_f32(all, sum);
  return {rounds * kChains * 8, vmaxvq_f32(all)};
}

uint64_t ReadBytesNeon(const uint8_t* x, size_t count) {
  constexpr size_t kStep = 8 * 16;
  uint8x16_t words[8] = {};
  size_t i = 0;
  for (; i + kStep <= count; i += kStep) {
    for (size_t v = 0; v < 8; ++v) words[v] = veorq_u8(words[v], vld1q_u8(x + i + v * 16));
  }
  uint8x16_t all = words[0];
  for (size_t v = 1; v < 8; ++v) all = veorq_u8(all, words[v]);
  const uint64x2_t lanes = vreinterpretq_u64_u8(all);
  return vgetq_lane_u64(lanes, 0) ^ vgetq_lane_u64(lanes, 1) ^ ReadBytesScalar(x + i, count - i);
}

}  // namespace gossamer
