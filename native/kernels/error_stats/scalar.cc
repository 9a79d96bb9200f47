#include <cmath>
#include <limits>

#include "kernels/error_stats/error_stats.h"

namespace gossamer {
namespace {

constexpr size_t kPartialSums = 8;

struct Partial {
  double sums[kPartialSums] = {};

  double Fold() {
    for (size_t half = kPartialSums / 2; half > 0; half /= 2) {
      for (size_t j = 0; j < half; ++j) sums[j] += sums[j + half];
    }
    return sums[0];
  }
};

bool IsFinite(float v) { return std::fabs(v) < std::numeric_limits<float>::infinity(); }

}  // namespace

void ErrorBlockScalar(const float* a, const float* b, size_t count, ErrorSums* sums) {
  Partial squared_error, squared_reference, squared_actual, dot;
  *sums = {};
  for (size_t i = 0; i < count; ++i) {
    if (!IsFinite(a[i]) || !IsFinite(b[i])) {
      ++sums->non_finite;
      continue;
    }
    const double reference = a[i], actual = b[i], error = reference - actual;
    squared_error.sums[i % kPartialSums] += error * error;
    squared_reference.sums[i % kPartialSums] += reference * reference;
    squared_actual.sums[i % kPartialSums] += actual * actual;
    dot.sums[i % kPartialSums] += reference * actual;
    sums->max_error = std::fabs(error) > sums->max_error ? std::fabs(error) : sums->max_error;
  }
  sums->squared_error = squared_error.Fold();
  sums->squared_reference = squared_reference.Fold();
  sums->squared_actual = squared_actual.Fold();
  sums->dot = dot.Fold();
}

}  // namespace gossamer
