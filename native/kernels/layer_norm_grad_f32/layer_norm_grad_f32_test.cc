#include "kernels/layer_norm_grad_f32/layer_norm_grad_f32.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "testing/cases.h"
#include "testing/guarded.h"

using namespace gossamer;

namespace {

struct Gradients {
  std::vector<float> dx, dscale, dbias;
};

Gradients Run(LayerNormGradF32Fn& fn, const std::vector<float>& dy, const std::vector<float>& x,
              const std::vector<float>& scale, const std::vector<float>& mean, const std::vector<float>& inv_std,
              Edge edge, bool in_place) {
  Guarded<float> d(dy, edge, 4), v(x, edge, 4), s(scale, edge, 4), m(mean, edge), r(inv_std, edge), dx(dy.size(), edge);
  const std::vector<float> before(scale.size(), 0.5f);  // the sums are added to what is there
  Guarded<float> dscale(before, edge, 4), dbias(before, edge, 4);
  Guarded<float>& to = in_place ? d : dx;
  fn({d.data(), v.data(), s.data(), m.data(), r.data(), to.data(), dscale.data(), dbias.data()}, mean.size(),
     scale.size());
  return {to.Copy(), dscale.Copy(), dbias.Copy()};
}

}  // namespace

// dx is a difference of terms of order |g| * inv_std, each with the error of its sum (n / 64 + 6 units, fold_row.h) and
// of h (4 units of |h| <= 8 here); a sum over rows of |dy * h| has one rounding a row.
TEST_CASE("LayerNormGradF32: the definition equals float64") {
  const size_t rows = 7;
  for (size_t cols : AwkwardLengths()) {
    const unsigned seed = static_cast<unsigned>(cols) + 1;
    const std::vector<float> dy = NormalFloats(rows * cols, seed), x = NormalFloats(rows * cols, seed + 1, 3);
    const std::vector<float> scale = NormalFloats(cols, seed + 2), mean = NormalFloats(rows, seed + 3);
    std::vector<float> inv_std = NormalFloats(rows, seed + 4, 0.1f);
    for (float& v : inv_std) v = std::fabs(v) + 0.2f;
    const Gradients actual = Run(LayerNormGradF32Scalar, dy, x, scale, mean, inv_std, Edge::kBack, false);
    std::vector<double> dscale(cols, 0.5), dbias(cols, 0.5), dscale_size(cols, 1.0);
    for (size_t r = 0; r < rows; ++r) {
      double sum = 0, product = 0, size = 0;
      for (size_t c = 0; c < cols; ++c) {
        const double d = dy[r * cols + c], g = d * scale[c];
        const double h = (double{x[r * cols + c]} - mean[r]) * inv_std[r];
        sum += g / static_cast<double>(cols);
        product += g * h / static_cast<double>(cols);
        size = std::max(size, std::fabs(g) * (1 + h * h));
        dscale[c] += d * h;
        dbias[c] += d;
        dscale_size[c] += std::fabs(d) * (1 + std::fabs(h));
      }
      for (size_t c = 0; c < cols; ++c) {
        const double g = double{dy[r * cols + c]} * scale[c];
        const double h = (double{x[r * cols + c]} - mean[r]) * inv_std[r];
        const double units = (static_cast<double>(cols) / 64 + 20) * 0x1p-24 * (1 + std::fabs(h)) * size;
        REQUIRE(std::fabs(actual.dx[r * cols + c] - inv_std[r] * (g - sum - h * product)) <= units);
      }
    }
    for (size_t c = 0; c < cols; ++c) {
      REQUIRE(std::fabs(actual.dscale[c] - dscale[c]) <= 12 * 0x1p-24 * dscale_size[c]);
      REQUIRE(std::fabs(actual.dbias[c] - dbias[c]) <= 8 * 0x1p-24 * dscale_size[c]);
    }
  }
}

TEST_CASE("LayerNormGradF32: every variant equals the definition, in place and apart") {
  const size_t rows = 3;
  for (const auto& variant : Runnable(LayerNormGradF32Variants())) {
    CAPTURE(std::string(IsaName(variant.isa)));
    for (size_t cols : AwkwardLengths()) {
      for (bool awkward : {false, true}) {
        const unsigned seed = static_cast<unsigned>(cols) + 1;
        const auto floats = awkward ? [](size_t n, unsigned s) { return AwkwardFloats(n, s); }
                                    : [](size_t n, unsigned s) { return NormalFloats(n, s); };
        const std::vector<float> dy = floats(rows * cols, seed), x = floats(rows * cols, seed + 1);
        const std::vector<float> scale = floats(cols, seed + 2), mean = floats(rows, seed + 3);
        const std::vector<float> inv_std = floats(rows, seed + 4);
        const Gradients expected = Run(LayerNormGradF32Scalar, dy, x, scale, mean, inv_std, Edge::kBack, false);
        for (Edge edge : {Edge::kFront, Edge::kBack}) {
          for (bool in_place : {false, true}) {
            const Gradients actual = Run(*variant.fn, dy, x, scale, mean, inv_std, edge, in_place);
            REQUIRE(SameFloats(actual.dx, expected.dx));
            REQUIRE(SameFloats(actual.dscale, expected.dscale));
            REQUIRE(SameFloats(actual.dbias, expected.dbias));
          }
        }
      }
    }
  }
}
