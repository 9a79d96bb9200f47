#include "linalg/follow_inputs.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "linalg/output_error.h"
#include "testing/cases.h"
#include "testing/guarded.h"

using namespace gossamer;

namespace {

std::vector<double> Doubles(size_t count, unsigned seed) {
  const std::vector<float> values = NormalFloats(count, seed);
  return std::vector<double>(values.begin(), values.end());
}

// An upper triangle whose inverse is no larger than 4: diagonals of 1 to 2, and rows whose other elements are small.
std::vector<double> Triangle(size_t n) {
  std::vector<double> r = Doubles(n * n, 4);
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j < n; ++j) {
      if (j < i) r[i * n + j] = 0;
      if (j > i) r[i * n + j] *= 0.3 / static_cast<double>(n);
    }
    r[i * n + i] = 1 + static_cast<double>(i % 5) / 5;
  }
  return r;
}

}  // namespace

TEST_CASE("FollowInputs is w + w (cross - second) (r rT)^-1, in the memory that it is given") {
  for (size_t columns : {1, 5, 96, 97, 300}) {
    for (size_t rows : {0, 1, 64, 70}) {
      CAPTURE(columns);
      CAPTURE(rows);
      const size_t n = columns;
      Guarded<float> w(NormalFloats(rows * n, 1), Edge::kBack), out(rows * n, Edge::kBack);
      Guarded<double> second(Doubles(n * n, 2), Edge::kBack), cross(Doubles(n * n, 3), Edge::kBack);
      Guarded<double> factor(Triangle(n), Edge::kBack);
      const double* r = factor.data();
      REQUIRE(FollowInputs(w.data(), rows, n, second.data(), cross.data(), r, out.data(), nullptr));
      bool is_close = true;
      std::vector<long double> x(n);
      for (size_t row = 0; row < rows; ++row) {
        double size = 0;
        for (size_t c = 0; c < n; ++c) {
          double terms = 0;
          x[c] = 0;
          for (size_t p = 0; p < n; ++p) {
            const double term = w.data()[row * n + p] * (cross.data()[p * n + c] - second.data()[p * n + c]);
            x[c] += term;
            terms += std::fabs(term);
          }
          size = std::max(size, terms);
        }
        for (size_t c = n; c-- > 0;) {
          for (size_t p = c + 1; p < n; ++p) x[c] -= x[p] * r[c * n + p];
          x[c] /= r[c * n + c];
        }
        for (size_t c = 0; c < n; ++c) {
          for (size_t p = 0; p < c; ++p) x[c] -= x[p] * r[p * n + c];
          x[c] /= r[c * n + c];
          const double expected = static_cast<double>(w.data()[row * n + c] + x[c]);
          // One rounding to float32, and sums of at most 300 products and two triangles of 300 in float64, whose inverses
          // make errors at most 16 times larger: 16 * 900 * 2^-53 < 2^-39.
          const double bound = std::ldexp(std::fabs(expected), -24) + std::ldexp(size, -38);
          is_close = is_close && std::fabs(out.data()[row * n + c] - expected) <= bound;
        }
      }
      CHECK(is_close);
    }
  }
}

TEST_CASE("OutputError sums M times the squares of the difference, in the memory that it is given") {
  for (size_t columns : {1, 3, 100}) {
    for (size_t rows : {0, 1, 60}) {
      CAPTURE(columns);
      CAPTURE(rows);
      const size_t n = columns;
      Guarded<float> changed(NormalFloats(rows * n, 1), Edge::kBack), target(NormalFloats(rows * n, 2), Edge::kBack);
      std::vector<double> symmetric = Doubles(n * n, 3);
      for (size_t r = 0; r < n; ++r) {
        for (size_t c = 0; c < r; ++c) symmetric[r * n + c] = symmetric[c * n + r];
      }
      Guarded<double> second(symmetric, Edge::kBack);
      double error = -1, expected = 0, size = 0;
      REQUIRE(OutputError(changed.data(), target.data(), rows, second.data(), n, &error, nullptr));
      for (size_t r = 0; r < rows; ++r) {
        for (size_t i = 0; i < n; ++i) {
          for (size_t j = 0; j < n; ++j) {
            const float a = changed.data()[r * n + i] - target.data()[r * n + i];
            const float b = changed.data()[r * n + j] - target.data()[r * n + j];
            const double term = static_cast<double>(a) * b * symmetric[i * n + j];
            expected += term;
            size += std::fabs(term);
          }
        }
      }
      // gram.h: products are off by 2^-16 of their magnitudes at most.
      CHECK(std::fabs(error - expected) <= std::ldexp(size, -16));
    }
  }
}
