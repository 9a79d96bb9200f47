#include <cmath>
#include <cstring>

#include "kernels/peak/peak.h"

namespace gossamer {
namespace {

constexpr size_t kChains = 4;  // independent sums, so that one's latency does not stop the others

float CutToBf16(float v) {
  uint32_t bits;
  std::memcpy(&bits, &v, sizeof bits);
  bits &= 0xffff0000u;
  std::memcpy(&v, &bits, sizeof bits);
  return v;
}

}  // namespace

PeakResult<int32_t> PeakInt8Scalar(size_t rounds, const uint8_t (&a)[4], const int8_t (&b)[4]) {
  // Volatile, here and in the other variants: of a loop over constants only the result would be left, of sums that are
  // known to start alike only one.
  const uint8_t* volatile source = a;
  const int32_t zero{};
  const int32_t* volatile zeros = &zero;
  int32_t sums[kChains];
  for (int32_t& sum : sums) sum = *zeros;
  for (size_t round = 0; round < rounds; ++round) {
    for (int32_t& sum : sums) {
      const uint8_t* x = source;
      sum += x[0] * b[0] + x[1] * b[1] + x[2] * b[2] + x[3] * b[3];
    }
  }
  return {rounds * kChains * 8, sums[0] | sums[1] | sums[2] | sums[3]};
}

PeakResult<float> PeakFloatScalar(size_t rounds, float a, float b) {
  const float* volatile source = &a;
  const float zero{};
  const float* volatile zeros = &zero;
  float sums[kChains];
  for (float& sum : sums) sum = *zeros;
  for (size_t round = 0; round < rounds; ++round) {
    for (float& sum : sums) sum = std::fma(*source, b, sum);
  }
  return {rounds * kChains * 2, std::fmax(std::fmax(sums[0], sums[1]), std::fmax(sums[2], sums[3]))};
}

PeakResult<float> PeakBf16Scalar(size_t rounds, float a, float b) {
  const PeakResult<float> twice = PeakFloatScalar(2 * rounds, CutToBf16(a), CutToBf16(b));
  return {twice.operations, twice.lane};
}

uint64_t ReadBytesScalar(const uint8_t* x, size_t count) {
  uint64_t result = 0, word = 0;
  size_t i = 0;
  for (; i + sizeof word <= count; i += sizeof word) {
    std::memcpy(&word, x + i, sizeof word);
    result ^= word;
  }
  for (size_t shift = 0; i < count; ++i, shift += 8) result ^= static_cast<uint64_t>(x[i]) << shift;
  return result;
}

}  // namespace gossamer
