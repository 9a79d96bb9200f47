// kernels/fixed_point.h by division and std::round, for tests.
#pragma once
#include <cmath>
#include <cstdint>

#include "kernels/fixed_point.h"

namespace gossamer {

inline double RequantizeOracle(int64_t v, FixedPoint f) {
  const int64_t whole = int64_t{1} << 31, sum = v * (int64_t{1} << f.left) * f.multiplier + whole / 2;
  const int64_t high = sum / whole - (sum % whole < 0 ? 1 : 0);
  return std::round(static_cast<double>(high) / static_cast<double>(int64_t{1} << f.right));
}

}  // namespace gossamer
