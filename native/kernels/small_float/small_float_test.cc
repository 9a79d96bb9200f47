#include "kernels/small_float/small_float.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "testing/cases.h"
#include "testing/guarded.h"

using namespace gossamer;

namespace {

// The value of finite 16-bit pattern `bits` with `mantissa_bits` of mantissa, from the definition of the format.
double ValueOf(unsigned bits, int mantissa_bits) {
  const int exponent_bits = 15 - mantissa_bits, bias = (1 << (exponent_bits - 1)) - 1;
  const int exponent = static_cast<int>(bits >> mantissa_bits) & ((1 << exponent_bits) - 1);
  const double mantissa = static_cast<double>(bits & ((1u << mantissa_bits) - 1)) / (1 << mantissa_bits);
  const double magnitude = exponent == 0 ? std::ldexp(mantissa, 1 - bias) : std::ldexp(1 + mantissa, exponent - bias);
  return bits & 0x8000 ? -magnitude : magnitude;
}

// The nearest pattern by bisection over all positive ones, the even one of two equally near; NaN and overflow apart.
uint16_t Nearest(float x, int mantissa_bits) {
  const unsigned sign = std::signbit(x) ? 0x8000 : 0;
  const unsigned infinity = ((1u << (15 - mantissa_bits)) - 1) << mantissa_bits;
  const double magnitude = std::fabs(static_cast<double>(x));
  unsigned lo = 0, hi = infinity;  // value(lo) <= magnitude < value(hi), infinity read as the next power of two
  if (magnitude >= ValueOf(infinity, mantissa_bits)) return static_cast<uint16_t>(sign | infinity);
  while (hi - lo > 1) {
    const unsigned middle = (lo + hi) / 2;
    (ValueOf(middle, mantissa_bits) <= magnitude ? lo : hi) = middle;
  }
  const double below = magnitude - ValueOf(lo, mantissa_bits), above = ValueOf(hi, mantissa_bits) - magnitude;
  const bool up = above < below || (above == below && hi % 2 == 0);
  return static_cast<uint16_t>(sign | (up ? hi : lo));
}

std::vector<float> Interesting() {
  std::vector<float> x = AwkwardFloats(4000, 1);
  std::mt19937 random(2);
  for (int i = 0; i < 60000; ++i) {  // any bits
    const uint32_t bits = static_cast<uint32_t>(random());
    float v;
    std::memcpy(&v, &bits, sizeof v);
    x.push_back(v);
  }
  for (unsigned h = 0; h < 0x7c00; h += 3) {  // halves, the ties between them, and their neighbours
    const double a = ValueOf(h, 10), b = ValueOf(h + 1, 10);
    const float tie = static_cast<float>((a + b) / 2);
    for (float v : {static_cast<float>(a), tie, std::nextafterf(tie, 0.0f), std::nextafterf(tie, 1e9f)}) {
      x.push_back(v);
      x.push_back(-v);
    }
  }
  for (float v : {65504.0f, 65519.99f, 65520.0f, 65536.0f, 0x1p-24f, 0x1p-25f, 0x1.000002p-25f, 0x1.8p-25f, 3.4e38f})
    x.push_back(v);
  return x;
}

bool SameOrNan(uint16_t actual, uint16_t expected, float x, int mantissa_bits) {
  if (!std::isnan(x)) return actual == expected;
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  const unsigned infinity = ((1u << (15 - mantissa_bits)) - 1) << mantissa_bits, quiet = 1u << (mantissa_bits - 1);
  const unsigned payload = (bits & 0x7fffff) >> (23 - mantissa_bits);
  return actual == ((bits >> 16 & 0x8000) | infinity | quiet | payload);
}

template <class Fn>
void CheckNarrowing(VariantList<Fn> variants, int mantissa_bits) {
  const std::vector<float> x = Interesting();
  for (const auto& variant : Runnable(variants)) {
    CAPTURE(std::string(IsaName(variant.isa)));
    std::vector<uint16_t> out(x.size());
    variant.fn(x.data(), x.size(), out.data());
    for (size_t i = 0; i < x.size(); ++i) {
      const uint16_t expected = std::isnan(x[i]) ? 0 : Nearest(x[i], mantissa_bits);
      if (!SameOrNan(out[i], expected, x[i], mantissa_bits)) FAIL("element " << i << " " << x[i] << " -> " << out[i]);
    }
    for (size_t n : AwkwardLengths()) {
      for (Edge edge : {Edge::kFront, Edge::kBack}) {
        Guarded<float> in(std::vector<float>(x.begin(), x.begin() + static_cast<std::ptrdiff_t>(n)), edge, 4);
        Guarded<uint16_t> half(n, edge, 2);
        variant.fn(in.data(), n, half.data());
        REQUIRE(
            SameBits(half.Copy(), std::vector<uint16_t>(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(n))));
      }
    }
  }
}

template <class Fn>
void CheckWidening(VariantList<Fn> variants, int mantissa_bits, bool quiets) {
  std::vector<uint16_t> all(65536);
  for (size_t i = 0; i < all.size(); ++i) all[i] = static_cast<uint16_t>(i);
  const unsigned infinity = ((1u << (15 - mantissa_bits)) - 1) << mantissa_bits;
  for (const auto& variant : Runnable(variants)) {
    CAPTURE(std::string(IsaName(variant.isa)));
    std::vector<float> out(all.size());
    variant.fn(all.data(), all.size(), out.data());
    for (unsigned h = 0; h < 65536; ++h) {
      uint32_t bits;
      std::memcpy(&bits, &out[h], sizeof bits);
      uint32_t expected;
      if ((h & 0x7fff) >= infinity) {
        const uint32_t payload = (h & ((1u << mantissa_bits) - 1)) << (23 - mantissa_bits);
        const uint32_t quiet = payload != 0 && quiets ? 0x400000u : 0u;
        expected = (h & 0x8000u) << 16 | 0x7f800000u | payload | quiet;
      } else {
        const float value = static_cast<float>(ValueOf(h, mantissa_bits));
        std::memcpy(&expected, &value, sizeof expected);
      }
      if (bits != expected) FAIL("half " << h);
    }
    for (size_t n : AwkwardLengths()) {
      for (Edge edge : {Edge::kFront, Edge::kBack}) {
        Guarded<uint16_t> in(
            std::vector<uint16_t>(all.begin() + 15000, all.begin() + 15000 + static_cast<std::ptrdiff_t>(n)), edge);
        Guarded<float> x(n, edge);
        variant.fn(in.data(), n, x.data());
        REQUIRE(SameBits(
            x.Copy(), std::vector<float>(out.begin() + 15000, out.begin() + 15000 + static_cast<std::ptrdiff_t>(n))));
      }
    }
  }
}

}  // namespace

TEST_CASE("F32ToF16: every variant gives the nearest half") { CheckNarrowing(F32ToF16Variants(), 10); }

TEST_CASE("F32ToBf16: every variant gives the nearest bfloat16") { CheckNarrowing(F32ToBf16Variants(), 7); }

TEST_CASE("F16ToF32: every variant widens all 65536 patterns exactly") { CheckWidening(F16ToF32Variants(), 10, true); }

TEST_CASE("Bf16ToF32: every variant widens all 65536 patterns exactly") {
  CheckWidening(Bf16ToF32Variants(), 7, false);
}
