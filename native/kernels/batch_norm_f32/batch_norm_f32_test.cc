#include "kernels/batch_norm_f32/batch_norm_f32.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "testing/cases.h"
#include "testing/guarded.h"

using namespace gossamer;

namespace {

const BatchNormEpilogue kEpilogues[] = {{BatchNormActivation::kNone, 0, 0},
                                        {BatchNormActivation::kRelu, 0, 0},
                                        {BatchNormActivation::kClip, -0.5f, 0.75f}};
// Around the block of 64 rows, and what a vector, a slab and their ends are in every instruction set.
constexpr size_t kRows[] = {0, 1, 63, 64, 65, 200};
constexpr size_t kCols[] = {1, 4, 7, 8, 15, 16, 17, 33, 63, 64, 65, 129};

struct Case {
  ColumnMatrix matrix;
  std::vector<float> x, dy, y, mean, scale, slope, shift;
};
Case MakeCase(size_t rows, size_t cols, size_t gap, bool awkward) {
  const size_t stride = cols + gap, count = rows == 0 ? 0 : (rows - 1) * stride + cols;
  const unsigned seed = static_cast<unsigned>(rows * 131 + cols);
  const auto elements = [&](unsigned more) {
    return awkward ? AwkwardFloats(count, seed + more) : NormalFloats(count, seed + more);
  };
  return {{rows, cols, stride},        elements(1),
          elements(2),                 elements(3),
          NormalFloats(cols, seed + 4), NormalFloats(cols, seed + 5),
          NormalFloats(cols, seed + 6), NormalFloats(cols, seed + 7)};
}

// The arrays of a case at the edge of a page.
struct Placed {
  ColumnMatrix matrix;
  Guarded<float> x, dy, y, mean, scale, slope, shift;
  Placed(const Case& c, Edge edge)
      : matrix(c.matrix), x(c.x, edge, 4), dy(c.dy, edge, 4), y(c.y, edge, 4), mean(c.mean, edge, 4),
        scale(c.scale, edge, 4), slope(c.slope, edge, 4), shift(c.shift, edge, 4) {}
  BatchNormGradInputs Inputs(const BatchNormEpilogue& epilogue) { return {dy.data(), x.data(), y.data(), epilogue}; }
};

bool Passes(const BatchNormEpilogue& epilogue, float y) {
  if (epilogue.kind == BatchNormActivation::kRelu) return y > 0;
  return epilogue.kind == BatchNormActivation::kNone || (epilogue.low < y && y < epilogue.high);
}

bool SameDoubles(const std::vector<double>& a, const std::vector<double>& b) {
  for (size_t i = 0; i < a.size(); ++i) {
    if (!(std::isnan(a[i]) && std::isnan(b[i])) && std::memcmp(&a[i], &b[i], sizeof(double)) != 0) return false;
  }
  return a.size() == b.size();
}

// Calls body(case) for all sizes.
template <class Body>
void ForCases(bool awkward, const Body& body) {
  for (size_t rows : kRows) {
    for (size_t cols : kCols) {
      CAPTURE(rows);
      CAPTURE(cols);
      body(MakeCase(rows, cols, cols % 3, awkward));
    }
  }
}

// What `run` gives with every variant, at both edges of a page, is what it gives with the definition.
template <class Fn, class Run, class Same>
void CheckVariants(VariantList<Fn> list, Fn& scalar, const Run& run, const Same& same) {
  for (bool awkward : {false, true}) {
    ForCases(awkward, [&](const Case& c) {
      for (const BatchNormEpilogue& epilogue : kEpilogues) {
        for (Edge edge : {Edge::kFront, Edge::kBack}) {
          Placed expected(c, edge);
          const auto wanted = run(scalar, expected, epilogue, edge);
          for (const auto& variant : Runnable(list)) {
            CAPTURE(std::string(IsaName(variant.isa)));
            Placed placed(c, edge);
            REQUIRE(same(run(*variant.fn, placed, epilogue, edge), wanted));
          }
        }
      }
    });
  }
}

}  // namespace

// A sum of up to 64 floats below 6 in float32: 63 roundings of at most 64 * 6 * 2^-24, and no more in float64.
constexpr double kBlockError = 63 * 64 * 6 * 0x1p-24;

TEST_CASE("ColumnSumsF32: the definition equals float64") {
  ForCases(false, [](const Case& c) {
    std::vector<double> sums(c.matrix.cols);
    ColumnSumsF32Scalar(c.x.data(), c.matrix, sums.data());
    for (size_t i = 0; i < sums.size(); ++i) {
      double sum = 0;
      for (size_t r = 0; r < c.matrix.rows; ++r) sum += c.x[r * c.matrix.stride + i];
      REQUIRE(std::fabs(sums[i] - sum) <= kBlockError * 4);  // 4 blocks
    }
  });
}

TEST_CASE("ColumnMomentsF32: the definition equals float64, wherever the mean lies") {
  for (double offset : {0.0, 1.0, -1e3, 1e5, 3e6}) {
    ForCases(false, [&](Case c) {
      for (float& v : c.x) v = static_cast<float>(v + offset);
      std::vector<double> means(c.matrix.cols), m2(c.matrix.cols);
      ColumnMomentsF32Scalar(c.x.data(), c.matrix, means.data(), m2.data());
      for (size_t i = 0; i < means.size(); ++i) {
        double mean = 0, squares = 0;
        const double rows = static_cast<double>(c.matrix.rows);
        for (size_t r = 0; r < c.matrix.rows; ++r) mean += c.x[r * c.matrix.stride + i] / rows;
        for (size_t r = 0; r < c.matrix.rows; ++r) squares += std::pow(c.x[r * c.matrix.stride + i] - mean, 2);
        // The mean m of a block in float32 is off by up to 64 roundings of it, 64 * 2^-24 * |offset|, say e. Deviations
        // from it are below 6 + e and exact or rounded once; their sum and that of their squares are rounded 63 times.
        const double e = 64 * 0x1p-24 * std::fabs(offset), deviation = 6 + e;
        // The oracle's own mean is a sum of 200 in float64.
        REQUIRE(std::fabs(means[i] - mean) <= 63 * deviation * 0x1p-24 + 200 * 0x1p-53 * std::fabs(offset));
        const double bound = 65 * rows * deviation * deviation * 0x1p-24;
        REQUIRE(std::fabs(m2[i] - squares) <= bound);
      }
    });
  }
}

TEST_CASE("ColumnMomentsF32: a constant has no variance") {
  for (float value : {0.1f, 1e30f, -3e-39f}) {
    const std::vector<float> x(200 * 5, value);
    double mean[5], m2[5];
    ColumnMomentsF32()(x.data(), {200, 5, 5}, mean, m2);
    for (size_t c = 0; c < 5; ++c) {
      CHECK(std::fabs(mean[c] - value) <= std::fabs(value) * 0x1p-40);
      CHECK(std::fabs(m2[c]) <= std::fabs(value) * value * 0x1p-40);
    }
  }
}

TEST_CASE("BatchNormGradSumsF32: the definition equals float64") {
  for (const BatchNormEpilogue& epilogue : kEpilogues) {
    ForCases(false, [&](const Case& c) {
      std::vector<double> sums(c.matrix.cols), products(c.matrix.cols);
      BatchNormGradSumsF32Scalar({c.dy.data(), c.x.data(), c.y.data(), epilogue}, c.matrix, c.mean.data(), sums.data(),
                                 products.data());
      for (size_t i = 0; i < sums.size(); ++i) {
        double sum = 0, product = 0;
        for (size_t r = 0; r < c.matrix.rows; ++r) {
          const size_t at = r * c.matrix.stride + i;
          if (!Passes(epilogue, c.y[at])) continue;
          sum += c.dy[at];
          product += static_cast<double>(c.dy[at]) * (static_cast<double>(c.x[at]) - c.mean[i]);
        }
        REQUIRE(std::fabs(sums[i] - sum) <= kBlockError * 4);
        REQUIRE(std::fabs(products[i] - product) <= kBlockError * 4 * 10);  // |x - mean| is below 10
      }
    });
  }
}

TEST_CASE("BatchNormApplyF32: the definition is its formula") {
  for (const BatchNormEpilogue& epilogue : kEpilogues) {
    for (bool summed : {false, true}) {
      ForCases(true, [&](const Case& c) {
        std::vector<float> y = c.x, expected = c.x;
        BatchNormApplyF32Scalar(c.x.data(), c.matrix, {c.mean.data(), c.scale.data(), c.shift.data()},
                                summed ? c.dy.data() : nullptr, epilogue, y.data());
        for (size_t i = 0; i < c.x.size(); ++i) {
          const size_t column = i % c.matrix.stride;
          if (column >= c.matrix.cols) continue;  // between rows nothing is written
          float v = std::fma(c.x[i] - c.mean[column], c.scale[column], c.shift[column]);
          if (summed) v += c.dy[i];
          if (epilogue.kind == BatchNormActivation::kRelu) v = v < 0 ? 0 : v;
          if (epilogue.kind == BatchNormActivation::kClip) v = v < epilogue.low ? epilogue.low : v;
          if (epilogue.kind == BatchNormActivation::kClip) v = v > epilogue.high ? epilogue.high : v;
          expected[i] = v;
        }
        REQUIRE(SameFloats(y, expected));
      });
    }
  }
}

TEST_CASE("BatchNormGradApplyF32: the definition is its formula") {
  for (const BatchNormEpilogue& epilogue : kEpilogues) {
    ForCases(true, [&](const Case& c) {
      std::vector<float> dx = c.x, expected = c.x;
      BatchNormGradApplyF32Scalar({c.dy.data(), c.x.data(), c.y.data(), epilogue}, c.matrix,
                                  {c.mean.data(), c.scale.data(), c.slope.data(), c.shift.data()}, dx.data());
      for (size_t i = 0; i < c.x.size(); ++i) {
        const size_t column = i % c.matrix.stride;
        if (column >= c.matrix.cols) continue;
        const float g = Passes(epilogue, c.y[i]) ? c.dy[i] : 0.0f;
        expected[i] = std::fma(g, c.scale[column],
                               std::fma(c.x[i] - c.mean[column], c.slope[column], c.shift[column]));
      }
      REQUIRE(SameFloats(dx, expected));
    });
  }
}

TEST_CASE("sums of columns: every variant equals the definition") {
  using Results = std::vector<double>;
  CheckVariants(
      ColumnSumsF32Variants(), ColumnSumsF32Scalar,
      [](ColumnSumsF32Fn& fn, Placed& p, const BatchNormEpilogue&, Edge edge) {
        Guarded<double> sums(p.matrix.cols, edge);
        fn(p.x.data(), p.matrix, sums.data());
        return sums.Copy();
      },
      SameDoubles);
  CheckVariants(
      ColumnMomentsF32Variants(), ColumnMomentsF32Scalar,
      [](ColumnMomentsF32Fn& fn, Placed& p, const BatchNormEpilogue&, Edge edge) {
        Guarded<double> mean(p.matrix.cols, edge), m2(p.matrix.cols, edge);
        fn(p.x.data(), p.matrix, mean.data(), m2.data());
        Results all = mean.Copy(), more = m2.Copy();
        all.insert(all.end(), more.begin(), more.end());
        return all;
      },
      SameDoubles);
  CheckVariants(
      BatchNormGradSumsF32Variants(), BatchNormGradSumsF32Scalar,
      [](BatchNormGradSumsF32Fn& fn, Placed& p, const BatchNormEpilogue& epilogue, Edge edge) {
        Guarded<double> sums(p.matrix.cols, edge), products(p.matrix.cols, edge);
        fn(p.Inputs(epilogue), p.matrix, p.mean.data(), sums.data(), products.data());
        Results all = sums.Copy(), more = products.Copy();
        all.insert(all.end(), more.begin(), more.end());
        return all;
      },
      SameDoubles);
}

TEST_CASE("batch normalisation of elements: every variant equals the definition, in place too") {
  const auto same = [](const std::vector<float>& a, const std::vector<float>& b) { return SameFloats(a, b); };
  CheckVariants(
      BatchNormApplyF32Variants(), BatchNormApplyF32Scalar,
      [](BatchNormApplyF32Fn& fn, Placed& p, const BatchNormEpilogue& epilogue, Edge) {
        const BatchNormParameters parameters = {p.mean.data(), p.scale.data(), p.shift.data()};
        fn(p.x.data(), p.matrix, parameters, nullptr, epilogue, p.y.data());
        fn(p.x.data(), p.matrix, parameters, p.dy.data(), epilogue, p.dy.data());
        fn(p.x.data(), p.matrix, parameters, nullptr, epilogue, p.x.data());
        std::vector<float> all = p.y.Copy();
        for (Guarded<float>* part : {&p.dy, &p.x}) {
          const std::vector<float> more = part->Copy();
          all.insert(all.end(), more.begin(), more.end());
        }
        return all;
      },
      same);
  CheckVariants(
      BatchNormGradApplyF32Variants(), BatchNormGradApplyF32Scalar,
      [](BatchNormGradApplyF32Fn& fn, Placed& p, const BatchNormEpilogue& epilogue, Edge edge) {
        Guarded<float> dx(p.x.size(), edge, 4);
        const BatchNormGradParameters parameters = {p.mean.data(), p.scale.data(), p.slope.data(), p.shift.data()};
        fn(p.Inputs(epilogue), p.matrix, parameters, dx.data());
        fn(p.Inputs(epilogue), p.matrix, parameters, p.dy.data());
        std::vector<float> all = dx.Copy(), more = p.dy.Copy();
        all.insert(all.end(), more.begin(), more.end());
        return all;
      },
      same);
}
