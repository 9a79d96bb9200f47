#include "kernels/dynamic_quantize/dynamic_quantize.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "testing/cases.h"
#include "testing/guarded.h"

using namespace gossamer;

namespace {

// In double, where a quotient of floats near a tie is told from the tie; the float quotient is what is asked for.
uint8_t Oracle(float x, float scale, uint8_t zero_point) {
  const double quotient = static_cast<float>(static_cast<double>(x) / static_cast<double>(scale));
  if (std::isnan(quotient)) return 0;
  const double below = std::floor(quotient), rest = quotient - below;
  const bool up = rest > 0.5 || (rest == 0.5 && std::fmod(below, 2) != 0);
  return static_cast<uint8_t>(std::min(std::max(below + (up ? 1 : 0) + zero_point, 0.0), 255.0));
}

}  // namespace

TEST_CASE("RangeF32: every variant equals the smallest and largest, NaN passed over") {
  for (const auto& variant : Runnable(RangeF32Variants())) {
    CAPTURE(std::string(IsaName(variant.isa)));
    for (size_t n : AwkwardLengths()) {
      for (unsigned seed = 0; seed < 4; ++seed) {
        const std::vector<float> x = AwkwardFloats(n, seed);
        float expected_low = 0, expected_high = 0;
        for (float v : x) {
          if (!std::isnan(v)) expected_low = std::min(expected_low, v), expected_high = std::max(expected_high, v);
        }
        for (Edge edge : {Edge::kFront, Edge::kBack}) {
          Guarded<float> in(x, edge, 4);
          float low = 0, high = 0;
          variant.fn(in.data(), n, &low, &high);
          REQUIRE(low == expected_low);
          REQUIRE(high == expected_high);
        }
      }
    }
  }
}

TEST_CASE("QuantizeU8: every variant equals the oracle, at ties and beside them too") {
  for (const auto& variant : Runnable(QuantizeU8Variants())) {
    CAPTURE(std::string(IsaName(variant.isa)));
    for (size_t n : AwkwardLengths()) {
      for (float scale : {0.0314159f, 1.0f, 3e37f, 1e-39f, 1.4e-45f, 2e-38f, 1e38f, 0.0078125f}) {
        std::mt19937 random(static_cast<unsigned>(n));
        std::vector<float> x(n);
        for (float& v : x) {
          const float steps = static_cast<float>(static_cast<int>(random() % 1200) - 600) / 2;  // ties among them
          v = steps * scale;
          if (random() % 2 == 0) v = std::nextafter(v, random() % 2 == 0 ? -INFINITY : INFINITY);
          if (std::isinf(v)) v = -scale;
          if (random() % 32 == 0) v = NAN;
        }
        for (Edge edge : {Edge::kFront, Edge::kBack}) {
          Guarded<float> in(x, edge, 4);
          Guarded<uint8_t> out(n, edge);
          variant.fn(in.data(), n, scale, 100, out.data());
          for (size_t i = 0; i < n; ++i) REQUIRE(out.data()[i] == Oracle(x[i], scale, 100));
        }
      }
    }
  }
}

TEST_CASE("DynamicParamsU8: what ONNX says, of a range of nothing a scale of 1") {
  const QuantizeU8Params both = DynamicParamsU8(-1, 3);
  CHECK(both.scale == 4.0f / 255.0f);
  CHECK(both.zero_point == 64);  // 63.75
  CHECK(DynamicParamsU8(0, 0).scale == 1);
  CHECK(DynamicParamsU8(0, 0).zero_point == 0);
  CHECK(DynamicParamsU8(-2, 0).zero_point == 255);
  CHECK(DynamicParamsU8(-INFINITY, INFINITY).zero_point == 0);
}
