#include "kernels/fixed_point.h"

#include <doctest/doctest.h>

#include <initializer_list>
#include <random>

#include "testing/fixed_point_oracle.h"

using namespace gossamer;

TEST_CASE("Requantize: the published values of gemmlowp's roundings") {
  // Halves of the high product go up, halves of the shift away from 0.
  CHECK(Requantize(1, {1 << 30, 0, 0}) == 1);
  CHECK(Requantize(-1, {1 << 30, 0, 0}) == 0);
  CHECK(Requantize(3, {INT32_MAX, 0, 1}) == 2);
  CHECK(Requantize(-3, {INT32_MAX, 0, 1}) == -2);
  CHECK(Requantize(INT32_MAX, {INT32_MAX, 0, 0}) == INT32_MAX - 1);
  CHECK(Requantize(INT32_MIN, {INT32_MAX, 0, 31}) == -1);
  CHECK(Requantize(100, {0, 0, 0}) == 0);
}

TEST_CASE("Requantize: equals division and rounding, at every shift") {
  std::mt19937 random(3);
  for (int32_t left : {0, 1, 7, 20, 31}) {
    for (int32_t right = 0; right <= 31; ++right) {
      for (int i = 0; i < 200; ++i) {
        const int64_t limit = int64_t{1} << (31 - left);
        const int32_t v = static_cast<int32_t>(static_cast<int64_t>(random()) % (2 * limit) - limit);
        const FixedPoint f{static_cast<int32_t>((1u << 30) + random() % (1u << 30)), left, right};
        REQUIRE(Requantize(v, f) == RequantizeOracle(v, f));
      }
    }
  }
}

TEST_CASE("FixedPointOf: what is too small is 0, what is too large the largest") {
  const FixedPoint half = FixedPointOf(1 << 30, 0, 4);
  CHECK((half.multiplier == 1 << 30 && half.left == 4 && half.right == 4));
  CHECK(FixedPointOf(1 << 30, -40, 0).multiplier == 0);
  CHECK(FixedPointOf(0, 5, 3).multiplier == 0);
  CHECK(FixedPointOf(1 << 30, 9, 4).multiplier == INT32_MAX);
  CHECK(Headroom(0) == 31);
  CHECK(Headroom(1) == 30);
  CHECK(Headroom(255) == 23);
  CHECK(Headroom(256) == 22);
  CHECK(Headroom(uint64_t{1} << 40) == 0);
}

TEST_CASE("Divided: the nearest multiplier of a factor over a count") {
  for (uint64_t count : {1u, 2u, 3u, 7u, 49u, 64u, 1000u, 8421504u}) {
    for (int32_t multiplier : {1 << 30, (1 << 30) + 12345, INT32_MAX}) {
      const FixedPoint f = Divided(multiplier, 0, count, 5);
      const double want = std::ldexp(static_cast<double>(multiplier), -31) / static_cast<double>(count);
      CHECK(f.multiplier >= 1 << 30);
      // To the nearest of 31 bits, and what the first division cut off, below 2^-7 of a step.
      CHECK(std::abs(std::ldexp(static_cast<double>(f.multiplier), f.left - f.right - 31) / want - 1) < 0.51 / (1 << 30));
    }
  }
  CHECK(IsFixedPoint(0, 0));
  CHECK_FALSE(IsFixedPoint((1 << 30) - 1, 0));
  CHECK_FALSE(IsFixedPoint(int64_t{1} << 31, 0));
}
