#include "kernels/depthwise_f32/depthwise_f32.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "testing/cases.h"
#include "testing/guarded.h"

using namespace gossamer;

namespace {

struct Problem {
  size_t m, channels, taps, pieces;
  std::vector<float> x, w, bias, residual;
  std::vector<int32_t> offsets;

  Problem(size_t m, size_t channels, size_t taps, bool awkward, unsigned seed)
      : m(m), channels(channels), taps(taps), pieces(m + 3) {
    std::mt19937 random(seed);
    const size_t x_count = pieces * channels, stride = DepthwiseStrideF32(channels);
    x = awkward ? AwkwardFloats(x_count, seed) : NormalFloats(x_count, seed);
    x.resize(x_count + kReadSlack / sizeof(float), std::numeric_limits<float>::quiet_NaN());
    w = awkward ? AwkwardFloats(taps * stride, seed + 1) : NormalFloats(taps * stride, seed + 1);
    for (size_t i = 0; i < w.size(); ++i) w[i] = i % stride < channels ? w[i] : 0;
    bias = NormalFloats(channels, seed + 2);
    residual = NormalFloats(m == 0 ? 0 : (m - 1) * (channels + 1) + channels, seed + 3);
    for (size_t i = 0; i < taps * m; ++i) offsets.push_back(static_cast<int32_t>(random() % pieces * channels));
  }

  std::vector<float> Run(DepthwiseF32Fn& fn, bool with_bias, bool with_residual, const ActivationSpec& act, size_t m0,
                         size_t m1) {
    const size_t y_stride = channels + 2;
    Guarded<float> in(x, Edge::kBack), weights(w, Edge::kBack), b(bias, Edge::kBack), r(residual, Edge::kBack);
    Guarded<float> y(std::vector<float>(m == 0 ? 0 : (m - 1) * y_stride + channels, -7), Edge::kBack);
    fn(in.data(), {offsets.data(), m, taps, channels, 0}, m0, m1, weights.data(),
       {with_bias ? b.data() : nullptr, with_residual ? r.data() : nullptr, channels + 1, act, y.data(), y_stride});
    return y.Copy();
  }
};

}  // namespace

TEST_CASE("DepthwiseF32: the definition is close to sums in float64") {
  Problem p(9, 19, 7, false, 1);
  const std::vector<float> y = p.Run(DepthwiseF32Scalar, true, true, {Activation::kNone, 0, 0}, 0, p.m);
  for (size_t m = 0; m < p.m; ++m) {
    for (size_t c = 0; c < p.channels; ++c) {
      double sum = static_cast<double>(p.bias[c]) + p.residual[m * (p.channels + 1) + c], magnitude = std::fabs(sum);
      for (size_t t = 0; t < p.taps; ++t) {
        const float value = p.x[static_cast<size_t>(p.offsets[t * p.m + m]) + c];
        const double product = static_cast<double>(value) * p.w[t * DepthwiseStrideF32(p.channels) + c];
        sum += product;
        magnitude += std::fabs(product);
      }
      REQUIRE(std::fabs(y[m * (p.channels + 2) + c] - sum) <= 9 * 6e-8 * magnitude);  // taps + 2 roundings
    }
  }
}

TEST_CASE("DepthwiseF32: every variant equals the definition") {
  for (const auto& variant : Runnable(DepthwiseF32Variants())) {
    CAPTURE(std::string(IsaName(variant.isa)));
    unsigned seed = 0;
    for (size_t m : {0, 1, 3, 4, 5, 9}) {
      for (size_t channels : {1, 3, 4, 7, 8, 15, 16, 17, 31, 33, 48, 63, 64, 65, 130}) {
        for (size_t taps : {0, 1, 9}) {
          ++seed;
          Problem p(m, channels, taps, seed % 2 == 0, seed);
          const ActivationSpec act{static_cast<Activation>(seed % 15), -0.5f, 1.5f};
          const bool bias = seed % 3 != 0, residual = seed % 4 < 2;
          REQUIRE(SameFloats(p.Run(*variant.fn, bias, residual, act, 0, m),
                             p.Run(DepthwiseF32Scalar, bias, residual, act, 0, m)));
          REQUIRE(SameFloats(p.Run(*variant.fn, bias, residual, act, m / 3, m - m / 3),
                             p.Run(DepthwiseF32Scalar, bias, residual, act, m / 3, m - m / 3)));
        }
      }
    }
  }
}
