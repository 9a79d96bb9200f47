#include "kernels/reduce_f32/reduce_f32.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "testing/cases.h"
#include "testing/guarded.h"

using namespace gossamer;

namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();

struct Folded {
  double value, magnitude;
};

Folded Oracle(Reduce kind, const std::vector<float>& x) {
  double sum = 0, magnitude = 0, product = 1, low = kInf, high = -kInf;
  for (double v : x) {
    const double term = kind == Reduce::kSumAbs ? std::fabs(v) : kind == Reduce::kSumSquares ? v * v : v;
    sum += term;
    magnitude += std::fabs(term);
    product *= v;
    low = std::isnan(v) || std::isnan(low) ? std::nan("") : std::min(low, v);
    high = std::isnan(v) || std::isnan(high) ? std::nan("") : std::max(high, v);
  }
  if (kind == Reduce::kMax) return {high, 0};
  if (kind == Reduce::kMin) return {low, 0};
  if (kind == Reduce::kProd) return {product, std::fabs(product)};
  return {sum, magnitude};
}

}  // namespace

TEST_CASE("ReduceRowsF32 and ReduceColumnsF32: the definition equals float64") {
  for (size_t k = 0; k < kReduceKinds; ++k) {
    const Reduce kind = static_cast<Reduce>(k);
    CAPTURE(k);
    for (size_t n : AwkwardLengths()) {
      const std::vector<float> x = NormalFloats(n, static_cast<unsigned>(n), kind == Reduce::kProd ? 1 : 3);
      const Folded expected = Oracle(kind, x);
      float row = 0, column = 0;
      ReduceRowsF32Scalar(kind, x.data(), 1, n, n, &row);
      ReduceColumnsF32Scalar(kind, x.data(), n, 1, 1, &column);
      // n roundings of at most half a unit each, and products that fell below the smallest float.
      const double tolerance = static_cast<double>(n + 1) * 0x1p-24 * expected.magnitude + 1e-40;
      if (std::isinf(expected.value)) {
        CHECK(row == expected.value);
        CHECK(column == expected.value);
        continue;
      }
      CHECK(std::fabs(row - expected.value) <= tolerance);
      CHECK(std::fabs(column - expected.value) <= tolerance);
    }
  }
}

TEST_CASE("ReduceRowsF32: largest and smallest are NaN where an element is") {
  std::vector<float> x = NormalFloats(200, 1);
  for (size_t at : {0, 3, 64, 130, 199}) {
    std::vector<float> bad = x;
    bad[at] = std::nanf("");
    for (Reduce kind : {Reduce::kMax, Reduce::kMin}) {
      float row = 0, columns[200];
      ReduceRowsF32()(kind, bad.data(), 1, 200, 200, &row);
      CHECK(std::isnan(row));
      ReduceColumnsF32()(kind, bad.data(), 2, 100, 100, columns);
      for (size_t c = 0; c < 100; ++c) REQUIRE(std::isnan(columns[c]) == (c == at % 100));
    }
  }
}

TEST_CASE("ReduceRowsF32 and ReduceColumnsF32: every variant equals the definition") {
  const size_t rows = 5;
  for (size_t k = 0; k < kReduceKinds; ++k) {
    const Reduce kind = static_cast<Reduce>(k);
    CAPTURE(k);
    for (size_t cols : AwkwardLengths()) {
      const size_t stride = cols + 3, size = cols == 0 ? 0 : (rows - 1) * stride + cols;
      for (bool awkward : {false, true}) {
        const unsigned seed = static_cast<unsigned>(cols);
        const std::vector<float> x = awkward ? AwkwardFloats(size, seed) : NormalFloats(size, seed);
        std::vector<float> expected_rows(rows), expected_columns(cols);
        ReduceRowsF32Scalar(kind, x.data(), rows, cols, stride, expected_rows.data());
        ReduceColumnsF32Scalar(kind, x.data(), rows, cols, stride, expected_columns.data());
        for (Edge edge : {Edge::kFront, Edge::kBack}) {
          Guarded<float> in(x, edge, 4), by_row(rows, edge, 4), by_column(cols, edge, 4);
          for (const auto& variant : Runnable(ReduceRowsF32Variants())) {
            variant.fn(kind, in.data(), rows, cols, stride, by_row.data());
            REQUIRE(SameFloats(by_row.Copy(), expected_rows));
          }
          for (const auto& variant : Runnable(ReduceColumnsF32Variants())) {
            variant.fn(kind, in.data(), rows, cols, stride, by_column.data());
            REQUIRE(SameFloats(by_column.Copy(), expected_columns));
          }
        }
      }
    }
  }
}
