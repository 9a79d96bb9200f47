// Requantisation without floats (Jacob et al., "Quantization and Training of Neural Networks for Efficient
// Integer-Arithmetic-Only Inference", 2018, section 2.2; the two roundings are gemmlowp's). A real factor M > 0 is
// multiplier * 2^(exponent - 31), 2^30 <= multiplier < 2^31, and
//   Requantize(v) = Shift(HighMul(v * 2^left, multiplier), right),   left - right = exponent
//   HighMul(a, b) = floor((a * b + 2^30) / 2^31)                     halves up
//   Shift(a, n)   = a / 2^n, to the nearest, halves away from 0
// `left` is headroom: bits that v leaves free in int32, so that the first rounding is far below one step of the result.
#pragma once
#include <cstdint>

namespace gossamer {

struct FixedPoint {
  int32_t multiplier, left, right;  // 0 <= left, right <= 31
};

// Whether a factor may have these.
static inline bool IsFixedPoint(int64_t multiplier, int64_t exponent) {
  const bool fits = multiplier == 0 || (multiplier >= int64_t{1} << 30 && multiplier <= INT32_MAX);
  return fits && exponent >= -1000 && exponent <= 1000;
}

// The form of multiplier * 2^(exponent - 31) for |v| * 2^left < 2^31. A factor of 2^left and above becomes the largest
// below it, one so small that every result is 0 becomes 0.
static inline FixedPoint FixedPointOf(int32_t multiplier, int32_t exponent, int32_t left) {
  const int64_t right = static_cast<int64_t>(left) - exponent;
  if (multiplier == 0 || right > 31) return {0, 0, 0};
  if (right < 0) return {INT32_MAX, left, 0};
  return {multiplier, left, static_cast<int32_t>(right)};
}

// The largest n <= 31 for which most * 2^n < 2^31; 0 where there is none.
static inline int32_t Headroom(uint64_t most) {
  int32_t bits = 31;
  for (; most != 0 && bits > 0; most /= 2) --bits;
  return bits;
}

// multiplier * 2^(exponent - 31) / count, count > 0: what averages multiply sums by.
static inline FixedPoint Divided(int32_t multiplier, int32_t exponent, uint64_t count, int32_t left) {
  if (multiplier == 0) return {0, 0, 0};
  uint64_t quotient = (static_cast<uint64_t>(multiplier) << 32) / count;
  int32_t bits = 62;
  for (; quotient != 0 && quotient >> 62 == 0; --bits) quotient *= 2;
  quotient = (quotient + (uint64_t{1} << 31)) >> 32;
  if (quotient >> 31 != 0) quotient /= 2, ++bits;
  return FixedPointOf(static_cast<int32_t>(quotient), exponent + bits - 62, left);
}

// Wraps where v * 2^left leaves int32.
static inline int32_t Requantize(int32_t v, FixedPoint f) {
  const int32_t raised = static_cast<int32_t>(static_cast<uint32_t>(v) << f.left);
  const int64_t product = static_cast<int64_t>(raised) * f.multiplier + (int64_t{1} << 30);
  const int32_t high = static_cast<int32_t>(product >> 31);
  const int32_t mask = static_cast<int32_t>((uint32_t{1} << f.right) - 1);
  const int32_t threshold = (mask >> 1) + (high < 0 ? 1 : 0);
  return (high >> f.right) + ((high & mask) > threshold ? 1 : 0);
}

}  // namespace gossamer
