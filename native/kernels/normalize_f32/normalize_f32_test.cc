#include "kernels/normalize_f32/normalize_f32.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "testing/cases.h"
#include "testing/guarded.h"

using namespace gossamer;

namespace {

// Which of the optional arrays are there.
struct Options {
  Normalize kind;
  bool skip, skip_bias, scale, shift, sum;
};
std::vector<Options> AllOptions() {
  std::vector<Options> all;
  for (Normalize kind : {Normalize::kLayer, Normalize::kRms}) {
    for (unsigned bits = 0; bits < 32; ++bits) {
      all.push_back({kind, (bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0, (bits & 8) != 0, (bits & 16) != 0});
    }
  }
  return all;
}

struct Arrays {
  std::vector<float> x, skip, skip_bias, scale, shift;
};
Arrays MakeArrays(size_t rows, size_t cols, bool awkward) {
  const unsigned seed = static_cast<unsigned>(cols);
  return {awkward ? AwkwardFloats(rows * cols, seed) : NormalFloats(rows * cols, seed, 3),
          NormalFloats(rows * cols, seed + 1), NormalFloats(cols, seed + 2), NormalFloats(cols, seed + 3),
          NormalFloats(cols, seed + 4)};
}

struct Results {
  std::vector<float> y, sum, means, reciprocals;
};

Results Run(NormalizeF32Fn& fn, const Options& options, const Arrays& arrays, size_t rows, size_t cols, Edge edge) {
  Guarded<float> x(arrays.x, edge, 4), skip(arrays.skip, edge, 4), skip_bias(arrays.skip_bias, edge, 4);
  Guarded<float> scale(arrays.scale, edge, 4), shift(arrays.shift, edge, 4);
  Guarded<float> y(rows * cols, edge, 4), sum(rows * cols, edge, 4), means(rows, edge), reciprocals(rows, edge);
  fn({options.kind, x.data(), options.skip ? skip.data() : nullptr, options.skip_bias ? skip_bias.data() : nullptr,
      options.scale ? scale.data() : nullptr, options.shift ? shift.data() : nullptr, 1e-5f, y.data(),
      options.sum ? sum.data() : nullptr, means.data(), reciprocals.data()},
     rows, cols);
  return {y.Copy(), options.sum ? sum.Copy() : std::vector<float>(), means.Copy(), reciprocals.Copy()};
}

}  // namespace

TEST_CASE("NormalizeF32: the definition equals float64") {
  for (const Options& options : AllOptions()) {
    for (size_t cols : {1, 2, 31, 64, 257, 1000}) {
      const size_t rows = 2;
      const Arrays arrays = MakeArrays(rows, cols, false);
      const Results results = Run(NormalizeF32Scalar, options, arrays, rows, cols, Edge::kBack);
      for (size_t r = 0; r < rows; ++r) {
        std::vector<double> v(cols);
        double mean = 0, variance = 0;
        for (size_t c = 0; c < cols; ++c) {
          // The sum of the residual is in float32 and exact input of the rest.
          float sum = arrays.x[r * cols + c];
          if (options.skip) sum += arrays.skip[r * cols + c];
          if (options.skip_bias) sum += arrays.skip_bias[c];
          v[c] = sum;
          mean += v[c] / static_cast<double>(cols);
          if (options.sum) REQUIRE(results.sum[r * cols + c] == sum);
        }
        if (options.kind == Normalize::kRms) mean = 0;
        for (double e : v) variance += (e - mean) * (e - mean) / static_cast<double>(cols);
        const double reciprocal = 1 / std::sqrt(variance + static_cast<double>(1e-5f));
        // Sums of up to 1000 terms in 64 parts: (1000 / 64 + 6) roundings of values up to 4 sigma.
        const double tolerance = 32 * 0x1p-24 * (options.kind == Normalize::kRms ? 4 : 16);
        CHECK(std::fabs(results.means[r] - mean) <= tolerance * 3);
        CHECK(std::fabs(results.reciprocals[r] / reciprocal - 1) <= tolerance * (cols == 1 ? 3e5 : 1));
        if (cols == 1) continue;  // the variance is 0 and the reciprocal 316 times any rounding
        for (size_t c = 0; c < cols; ++c) {
          double y = (v[c] - mean) * reciprocal;
          if (options.scale) y *= arrays.scale[c];
          if (options.shift) y += arrays.shift[c];
          REQUIRE(std::fabs(results.y[r * cols + c] - y) <= tolerance * 4);
        }
      }
    }
  }
}

TEST_CASE("NormalizeF32: every variant equals the definition") {
  const size_t rows = 3;
  for (const auto& variant : Runnable(NormalizeF32Variants())) {
    CAPTURE(std::string(IsaName(variant.isa)));
    for (const Options& options : AllOptions()) {
      for (size_t cols : {1, 7, 16, 33, 64, 127, 300}) {
        for (Edge edge : {Edge::kFront, Edge::kBack}) {
          const Arrays arrays = MakeArrays(rows, cols, edge == Edge::kFront);
          const Results expected = Run(NormalizeF32Scalar, options, arrays, rows, cols, edge);
          const Results results = Run(*variant.fn, options, arrays, rows, cols, edge);
          REQUIRE(SameFloats(results.y, expected.y));
          REQUIRE(SameFloats(results.sum, expected.sum));
          REQUIRE(SameFloats(results.means, expected.means));
          REQUIRE(SameFloats(results.reciprocals, expected.reciprocals));
        }
      }
    }
  }
}

TEST_CASE("NormalizeF32 works in place") {
  const std::vector<float> x = NormalFloats(200, 1), skip = NormalFloats(200, 2);
  std::vector<float> expected(200), y = x, z = skip;
  const auto run = [](const std::vector<float>& from, const std::vector<float>& with, std::vector<float>* to) {
    NormalizeRows rows{};
    rows.kind = Normalize::kLayer;
    rows.x = from.data();
    rows.skip = with.data();
    rows.epsilon = 1e-5f;
    rows.y = to->data();
    NormalizeF32()(rows, 2, 100);
  };
  run(x, skip, &expected);
  run(y, skip, &y);
  run(x, z, &z);
  CHECK(SameBits(y, expected));
  CHECK(SameBits(z, expected));
}

TEST_CASE("MomentsF32: float64 within the roundings of a sum, and every variant the same bits") {
  for (const auto& variant : Runnable(MomentsF32Variants())) {
    for (size_t n : AwkwardLengths()) {
      if (n == 0) continue;
      const std::vector<float> x = NormalFloats(n, static_cast<unsigned>(n), 2);
      Guarded<float> in(x, Edge::kBack, 4);
      float mean = 0, variance = 0, expected_mean = 0, expected_variance = 0;
      variant.fn(in.data(), n, &mean, &variance);
      MomentsF32Scalar(x.data(), n, &expected_mean, &expected_variance);
      REQUIRE(SameBits<float>({mean, variance}, {expected_mean, expected_variance}));
      double sum = 0, squares = 0;
      for (float v : x) sum += v / static_cast<double>(n);
      for (float v : x) squares += (v - sum) * (v - sum) / static_cast<double>(n);
      CHECK(std::fabs(mean - sum) <= 32 * 0x1p-24 * 8);
      CHECK(std::fabs(variance - squares) <= 32 * 0x1p-24 * 64);
    }
  }
}

TEST_CASE("AffineF32: every variant equals fma") {
  for (const auto& variant : Runnable(AffineF32Variants())) {
    CAPTURE(std::string(IsaName(variant.isa)));
    for (AffineAxis axis : {AffineAxis::kRows, AffineAxis::kColumns}) {
      for (size_t cols : AwkwardLengths()) {
        const size_t rows = 3, parameters = axis == AffineAxis::kRows ? rows : cols;
        const std::vector<float> x = AwkwardFloats(rows * cols, 1), scale = NormalFloats(parameters, 2),
                                 shift = NormalFloats(parameters, 3);
        std::vector<float> expected(rows * cols);
        for (size_t i = 0; i < expected.size(); ++i) {
          const size_t p = axis == AffineAxis::kRows ? i / cols : i % cols;
          expected[i] = std::fma(x[i], scale[p], shift[p]);
        }
        for (Edge edge : {Edge::kFront, Edge::kBack}) {
          Guarded<float> in(x, edge, 4), s(scale, edge, 4), t(shift, edge, 4);
          variant.fn(axis, in.data(), rows, cols, s.data(), t.data(), in.data());
          REQUIRE(SameFloats(in.Copy(), expected));
        }
      }
    }
  }
}
