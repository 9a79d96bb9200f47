#include "kernels/depthwise_grad_weight_f32/depthwise_grad_weight_f32.h"

#include <doctest/doctest.h>

#include <random>

#include "testing/cases.h"
#include "testing/guarded.h"

using namespace gossamer;

namespace {

constexpr size_t kBehind = 15;  // floats that kernels may read behind the channels

// Lines over the same pixels of x and dy, which end where memory ends.
struct Problem {
  size_t channels, x_step, dy_step, stride;
  std::vector<size_t> taps, counts;
  std::vector<float> x, dy, start;

  Problem(size_t channels, size_t tap_count, const std::vector<size_t>& counts, bool awkward, unsigned seed)
      : channels(channels),
        x_step(channels + seed % 3),
        dy_step(channels + seed % 2),
        stride(DepthwiseStrideF32(channels)),
        counts(counts) {
    std::mt19937 random(seed);
    size_t pixels = 1, reach = 0;
    for (size_t count : counts) pixels = std::max(pixels, count);
    for (size_t t = 0; t < tap_count; ++t) {
      taps.push_back(random() % 200);
      reach = std::max(reach, taps.back());
    }
    const auto floats = [&](size_t count, unsigned from) {
      return awkward ? AwkwardFloats(count, from) : NormalFloats(count, from);
    };
    x = floats((pixels - 1) * x_step + reach + channels, seed);
    dy = floats((pixels - 1) * dy_step + channels, seed + 1);
    x.resize(x.size() + kBehind, std::numeric_limits<float>::quiet_NaN());
    dy.resize(dy.size() + kBehind, std::numeric_limits<float>::quiet_NaN());
    start = NormalFloats(tap_count * stride, seed + 2);
  }

  // The sums; those behind the channels as they were.
  std::vector<float> Run(DepthwiseGradWeightF32Fn& fn) const {
    Guarded<float> from(x, Edge::kBack), gradients(dy, Edge::kBack), sums(start, Edge::kBack);
    std::vector<PixelLine> lines;
    for (size_t count : counts) lines.push_back({from.data(), gradients.data(), count});
    fn({lines.data(), lines.size(), x_step, dy_step}, taps.data(), taps.size(), channels, sums.data());
    std::vector<float> results = sums.Copy();
    for (size_t i = 0; i < results.size(); ++i) results[i] = i % stride < channels ? results[i] : start[i];
    return results;
  }
};

}  // namespace

TEST_CASE("DepthwiseGradWeightF32: the definition is close to sums in float64") {
  const Problem p(19, 10, {3, 0, 5}, false, 1);
  const std::vector<float> sums = p.Run(DepthwiseGradWeightF32Scalar);
  for (size_t t = 0; t < p.taps.size(); ++t) {
    for (size_t c = 0; c < p.channels; ++c) {
      double sum = p.start[t * p.stride + c], magnitude = std::fabs(sum);
      for (size_t count : p.counts) {
        for (size_t j = 0; j < count; ++j) {
          const double product = static_cast<double>(p.x[j * p.x_step + p.taps[t] + c]) * p.dy[j * p.dy_step + c];
          sum += product;
          magnitude += std::fabs(product);
        }
      }
      REQUIRE(std::fabs(sums[t * p.stride + c] - sum) <= 9 * 6e-8 * magnitude);  // a rounding for each of 8 pixels
    }
  }
}

TEST_CASE("DepthwiseGradWeightF32: every variant equals the definition") {
  for (const auto& variant : Runnable(DepthwiseGradWeightF32Variants())) {
    CAPTURE(std::string(IsaName(variant.isa)));
    unsigned seed = 0;
    for (size_t channels : {1, 3, 4, 7, 8, 15, 16, 17, 31, 33, 48, 64, 65, 130}) {
      for (size_t taps : {0, 1, 3, 4, 5, 9, 10, 25}) {
        for (const std::vector<size_t>& counts : {std::vector<size_t>{}, {0}, {1}, {7, 0, 4}}) {
          ++seed;
          const Problem p(channels, taps, counts, seed % 2 == 0, seed);
          REQUIRE(SameFloats(p.Run(*variant.fn), p.Run(DepthwiseGradWeightF32Scalar)));
        }
      }
    }
  }
}
