#include "linalg/follow_inputs.h"

#include <doctest/doctest.h>

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

// Of a matrix [n, n], the upper triangle; zeros below.
std::vector<double> Upper(std::vector<double> a, size_t n) {
  for (size_t r = 0; r < n; ++r) {
    for (size_t c = 0; c < r; ++c) a[r * n + c] = 0;
  }
  return a;
}

}  // namespace

TEST_CASE("FollowInputs is w + w (cross - second) uT u, in the memory that it is given") {
  for (size_t columns : {1, 5, 96, 97, 300}) {
    for (size_t rows : {0, 1, 64, 70}) {
      CAPTURE(columns);
      CAPTURE(rows);
      const size_t n = columns;
      Guarded<float> w(NormalFloats(rows * n, 1), Edge::kBack), out(rows * n, Edge::kBack);
      Guarded<double> second(Doubles(n * n, 2), Edge::kBack), cross(Doubles(n * n, 3), Edge::kBack);
      Guarded<double> u(Upper(Doubles(n * n, 4), n), Edge::kBack);
      REQUIRE(FollowInputs(w.data(), rows, n, second.data(), cross.data(), u.data(), out.data(), nullptr));
      bool is_close = true;
      std::vector<double> y(n), z(n), y_size(n), z_size(n);
      for (size_t r = 0; r < rows; ++r) {
        for (size_t c = 0; c < n; ++c) {
          y[c] = y_size[c] = 0;
          for (size_t p = 0; p < n; ++p) {
            const double term = w.data()[r * n + p] * (cross.data()[p * n + c] - second.data()[p * n + c]);
            y[c] += term;
            y_size[c] += std::fabs(term);
          }
        }
        for (size_t c = 0; c < n; ++c) {
          z[c] = z_size[c] = 0;
          for (size_t p = c; p < n; ++p) {
            z[c] += y[p] * u.data()[c * n + p];
            z_size[c] += y_size[p] * std::fabs(u.data()[c * n + p]);
          }
        }
        for (size_t c = 0; c < n; ++c) {
          double expected = w.data()[r * n + c], size = std::fabs(expected);
          for (size_t p = 0; p <= c; ++p) {
            expected += z[p] * u.data()[p * n + c];
            size += z_size[p] * std::fabs(u.data()[p * n + c]);
          }
          // One rounding to float32, and three sums of at most 300 products in float64: 900 * 2^-53 < 2^-43.
          const double bound = std::ldexp(std::fabs(expected), -24) + std::ldexp(size, -42);
          is_close = is_close && std::fabs(out.data()[r * n + c] - expected) <= bound;
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
