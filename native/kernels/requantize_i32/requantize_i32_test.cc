#include "kernels/requantize_i32/requantize_i32.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "testing/cases.h"
#include "testing/fixed_point_oracle.h"
#include "testing/guarded.h"

using namespace gossamer;

TEST_CASE("RequantizeI32: every variant equals division and rounding, saturation included") {
  std::mt19937 random(5);
  const size_t rows = 3;
  for (size_t count : AwkwardLengths()) {
    for (int32_t bits : {31, 24, 16}) {
      std::vector<int32_t> x(rows * (count + 2)), multiplier, left, right;
      for (int32_t& v : x) v = static_cast<int32_t>(random()) >> (31 - bits);
      for (size_t n = 0; n < count; ++n) {
        const int32_t multiply = static_cast<int32_t>((1u << 30) + random() % (1u << 30));
        const FixedPoint f = FixedPointOf(multiply, 7 - bits + static_cast<int32_t>(random() % 4), 31 - bits);
        multiplier.push_back(f.multiplier);
        left.push_back(f.left);
        right.push_back(f.right);
      }
      const RequantizeSpec spec{multiplier.data(), left.data(), right.data(), 90, 20, 250};
      std::vector<uint8_t> expected(rows == 0 || count == 0 ? 0 : (rows - 1) * (count + 1) + count, 0xa5);
      for (size_t r = 0; r < rows; ++r) {
        for (size_t n = 0; n < count; ++n) {
          const double q = RequantizeOracle(x[r * (count + 2) + n], {multiplier[n], left[n], right[n]}) + 90;
          expected[r * (count + 1) + n] = static_cast<uint8_t>(std::min(std::max(q, 20.0), 250.0));
        }
      }
      for (const auto& variant : Runnable(RequantizeI32Variants())) {
        CAPTURE(std::string(IsaName(variant.isa)));
        for (Edge edge : {Edge::kFront, Edge::kBack}) {
          Guarded<uint8_t> y(std::vector<uint8_t>(expected.size(), 0xa5), edge, 1);
          variant.fn(spec, x.data(), rows, count, count + 2, y.data(), count + 1);
          REQUIRE(SameBits(y.Copy(), expected));
        }
      }
    }
  }
}
