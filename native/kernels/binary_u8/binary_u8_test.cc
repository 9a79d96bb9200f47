#include "kernels/binary_u8/binary_u8.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "testing/cases.h"
#include "testing/fixed_point_oracle.h"
#include "testing/guarded.h"
#include "testing/random_bytes.h"

using namespace gossamer;

namespace {

// The formula as written; the rounding and the bounds in float64, in that order.
uint8_t Oracle(const BinaryU8Spec& spec, uint8_t a, uint8_t b) {
  if (spec.kind >= BinaryU8Kind::kFixedAdd) {
    const int32_t whole_a = a - spec.a_zero, whole_b = b - spec.b_zero;
    const double left = RequantizeOracle(whole_a, spec.a), right = RequantizeOracle(whole_b, spec.b);
    double v = whole_a * whole_b;
    if (spec.kind == BinaryU8Kind::kFixedAdd) v = left + right;
    if (spec.kind == BinaryU8Kind::kFixedSub) v = left - right;
    const double code = RequantizeOracle(static_cast<int64_t>(v), spec.y) + spec.y_zero;
    return static_cast<uint8_t>(std::min(std::max(code, double(spec.low)), double(spec.high)));
  }
  const float real_a = static_cast<float>(a - spec.a_zero), real_b = static_cast<float>(b - spec.b_zero);
  float v;
  if (spec.kind == BinaryU8Kind::kAdd) {
    v = std::fma(real_a, spec.a_ratio, real_b * spec.b_ratio);
  } else {
    v = real_a * real_b * spec.a_ratio;
  }
  const double rounded = std::nearbyint(static_cast<double>(v)) + spec.y_zero;
  return static_cast<uint8_t>(std::min(std::max(rounded, double(spec.low)), double(spec.high)));
}

const BinaryU8Spec kSpecs[] = {
    {BinaryU8Kind::kAdd, 128, 128, 128, 0, 255, 0.5f, 0.5f},    // ties
    {BinaryU8Kind::kAdd, 3, 250, 17, 17, 255, 0.731f, -1.37f},  // a difference, then ReLU
    {BinaryU8Kind::kAdd, 0, 0, 0, 0, 255, 1e30f, 1e30f},        // saturation
    {BinaryU8Kind::kMul, 128, 120, 100, 0, 255, 0.01f, 0},
    {BinaryU8Kind::kMul, 0, 255, 128, 10, 200, 0.5f, 0},
    // Both raised by 20 bits: 0.5 and 0.37 of the common scale, 1.3 of which are a step of the result.
    {BinaryU8Kind::kFixedAdd, 128, 3, 120, 0, 255, 0, 0, {1 << 30, 20, 0}, {1589137900, 20, 1}, {1651910498, 0, 19}},
    {BinaryU8Kind::kFixedSub, 0, 250, 17, 17, 255, 0, 0, {1 << 30, 20, 1}, {1 << 30, 20, 0}, {1 << 30, 0, 18}},
    {BinaryU8Kind::kFixedMul, 128, 120, 100, 0, 255, 0, 0, {}, {}, {1374389535, 15, 21}},
    {BinaryU8Kind::kFixedMul, 0, 255, 128, 10, 200, 0, 0, {}, {}, {INT32_MAX, 15, 15}},
};

}  // namespace

TEST_CASE("BinaryU8: every variant equals the formula for all pairs of bytes") {
  std::vector<uint8_t> a(65536), b(65536), expected(65536);
  for (const BinaryU8Spec& spec : kSpecs) {
    for (size_t i = 0; i < 65536; ++i) {
      a[i] = static_cast<uint8_t>(i);
      b[i] = static_cast<uint8_t>(i >> 8);
      expected[i] = Oracle(spec, a[i], b[i]);
    }
    for (const auto& variant : Runnable(BinaryU8Variants())) {
      CAPTURE(std::string(IsaName(variant.isa)));
      std::vector<uint8_t> y(65536);
      variant.fn(spec, {a.data(), 0, 1}, {b.data(), 0, 1}, 1, 65536, y.data());
      CHECK(SameBits(y, expected));
    }
  }
}

TEST_CASE("BinaryU8: every variant, for every way to broadcast") {
  const size_t rows = 3;
  for (const auto& variant : Runnable(BinaryU8Variants())) {
    CAPTURE(std::string(IsaName(variant.isa)));
    for (const BinaryU8Spec& spec : kSpecs) {
      for (size_t cols : AwkwardLengths()) {
        for (unsigned broadcast = 0; broadcast < 16; ++broadcast) {
          const size_t step_a = broadcast & 1, step_b = broadcast >> 1 & 1;
          const size_t row_a = (broadcast & 4) != 0 ? (step_a != 0 ? cols : 1) : 0;
          const size_t row_b = (broadcast & 8) != 0 ? (step_b != 0 ? cols : 1) : 0;
          const std::vector<uint8_t> a = RandomBytes((row_a != 0 ? rows : 1) * (step_a != 0 ? cols : 1), broadcast);
          const std::vector<uint8_t> b = RandomBytes((row_b != 0 ? rows : 1) * (step_b != 0 ? cols : 1), 99);
          std::vector<uint8_t> expected;
          for (size_t i = 0; i < rows * cols; ++i) {
            const size_t r = i / cols, c = i % cols;
            expected.push_back(Oracle(spec, a[r * row_a + c * step_a], b[r * row_b + c * step_b]));
          }
          const Edge edge = (cols & 1) != 0 ? Edge::kFront : Edge::kBack;
          Guarded<uint8_t> in_a(a, edge, 1), in_b(b, edge, 1), out(rows * cols, edge, 1);
          variant.fn(spec, {in_a.data(), row_a, step_a}, {in_b.data(), row_b, step_b}, rows, cols, out.data());
          REQUIRE(SameBits(out.Copy(), expected));
        }
      }
    }
  }
}
