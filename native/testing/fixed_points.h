// Random factors in fixed point, one an output, for tests of integer layers.
#pragma once
#include <random>
#include <vector>

#include "kernels/linear.h"
#include "testing/fixed_point_oracle.h"

namespace gossamer {

struct FixedPoints {
  std::vector<int32_t> multiplier, left, right;

  // Of `count` outputs whose sums stay within `most`: results from a few codes to far too many.
  FixedPoints(size_t count, uint64_t most) {
    std::mt19937 random(static_cast<unsigned>(count));
    for (size_t n = 0; n < count; ++n) {
      const int32_t exponent = Headroom(most) - 24 - static_cast<int32_t>(random() % 5);
      const FixedPoint f =
          FixedPointOf(static_cast<int32_t>((1u << 30) + random() % (1u << 30)), exponent, Headroom(most));
      multiplier.push_back(f.multiplier);
      left.push_back(f.left);
      right.push_back(f.right);
    }
  }
  FixedPoint At(size_t n) const { return {multiplier[n], left[n], right[n]}; }
  void Put(Int8Output& output) const {
    output.multiplier = multiplier.data();
    output.left = left.data();
    output.right = right.data();
  }
};

}  // namespace gossamer
