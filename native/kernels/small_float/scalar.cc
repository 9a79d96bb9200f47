#include <cstring>

#include "kernels/small_float/small_float.h"

namespace gossamer {
namespace {

constexpr uint32_t kSign = 0x80000000u, kInfinity = 0x7f800000u;

uint32_t BitsOf(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  return bits;
}

float FloatOf(uint32_t bits) {
  float x;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}

// value / 2^shift, half to even; 0 < shift < 32.
uint32_t RoundedShift(uint32_t value, unsigned shift) {
  const uint32_t half = 1u << (shift - 1), odd = (value >> shift) & 1;
  return (value + half - 1 + odd) >> shift;
}

uint16_t ToF16(float x) {
  const uint32_t bits = BitsOf(x), sign = (bits & kSign) >> 16, magnitude = bits & ~kSign;
  if (magnitude > kInfinity) return static_cast<uint16_t>(sign | 0x7e00 | ((magnitude >> 13) & 0x3ff));
  constexpr uint32_t kOverflow = 0x477ff000u;  // 65520: halfway between the largest half and the next power of two
  constexpr uint32_t kSmallestNormal = 0x38800000u;  // 2^-14
  if (magnitude >= kOverflow) return static_cast<uint16_t>(sign | 0x7c00);
  if (magnitude >= kSmallestNormal) {
    // Exponent bias 127 -> 15; a mantissa that rounds up carries into the exponent.
    return static_cast<uint16_t>(sign | RoundedShift(magnitude - ((127u - 15u) << 23), 13));
  }
  // Subnormal: the mantissa with its leading one, in units of 2^-24.
  const uint32_t exponent = magnitude >> 23, shift = 126 - exponent;
  if (shift > 24)
    return static_cast<uint16_t>(sign);  // at most half of 2^-24 only when shift is 25 and more: rounds to 0
  return static_cast<uint16_t>(sign | RoundedShift((magnitude & 0x7fffff) | 0x800000, shift));
}

float FromF16(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000) << 16, exponent = (half >> 10) & 31,
                 mantissa = half & 0x3ff;
  if (exponent == 31) return FloatOf(sign | kInfinity | mantissa << 13 | (mantissa != 0 ? 0x400000u : 0));
  if (exponent != 0) return FloatOf(sign | (exponent + 127 - 15) << 23 | mantissa << 13);
  const float magnitude = static_cast<float>(mantissa) * 0x1p-24f;
  return FloatOf(sign | BitsOf(magnitude));
}

uint16_t ToBf16(float x) {
  const uint32_t bits = BitsOf(x);
  if ((bits & ~kSign) > kInfinity) return static_cast<uint16_t>(bits >> 16 | 0x40);
  return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

}  // namespace

void F32ToF16Scalar(const float* x, size_t count, uint16_t* half) {
  for (size_t i = 0; i < count; ++i) half[i] = ToF16(x[i]);
}

void F16ToF32Scalar(const uint16_t* half, size_t count, float* x) {
  for (size_t i = 0; i < count; ++i) x[i] = FromF16(half[i]);
}

void F32ToBf16Scalar(const float* x, size_t count, uint16_t* half) {
  for (size_t i = 0; i < count; ++i) half[i] = ToBf16(x[i]);
}

void Bf16ToF32Scalar(const uint16_t* half, size_t count, float* x) {
  for (size_t i = 0; i < count; ++i) x[i] = FloatOf(static_cast<uint32_t>(half[i]) << 16);
}

}  // namespace gossamer
