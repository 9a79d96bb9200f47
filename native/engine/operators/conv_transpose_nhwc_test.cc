#include <doctest/doctest.h>

#include <cmath>

#include "testing/cases.h"
#include "testing/run_operator.h"

using namespace gossamer;

namespace {

struct Case {
  const char* what;
  int64_t batch, height, width, channels, outputs, kernel_h, kernel_w, group;
  std::vector<int64_t> strides, dilations, pads, output_padding;  // pads: top, left, bottom, right
};

std::vector<double> Numbers(const std::vector<int64_t>& values) { return {values.begin(), values.end()}; }

// The definition: every input is spread over the outputs that it reaches, in float64.
void Check(const Case& c) {
  CAPTURE(std::string(c.what));
  const auto size = [&](size_t axis, int64_t in, int64_t kernel) {
    return c.strides[axis] * (in - 1) + c.output_padding[axis] + (kernel - 1) * c.dilations[axis] + 1 - c.pads[axis] -
           c.pads[axis + 2];
  };
  const int64_t oh = size(0, c.height, c.kernel_h), ow = size(1, c.width, c.kernel_w);
  const int64_t group_in = c.channels / c.group, group_out = c.outputs / c.group;
  const std::vector<float> x = NormalFloats(static_cast<size_t>(c.batch * c.height * c.width * c.channels), 1);
  const std::vector<float> w = NormalFloats(static_cast<size_t>(c.channels * group_out * c.kernel_h * c.kernel_w), 2);
  const std::vector<float> bias = NormalFloats(static_cast<size_t>(c.outputs), 3);
  const std::vector<float> residual = NormalFloats(static_cast<size_t>(c.batch * oh * ow * c.outputs), 4);
  std::vector<double> sums(residual.size()), magnitudes(residual.size());
  for (size_t i = 0; i < sums.size(); ++i) {
    sums[i] = static_cast<double>(bias[i % bias.size()]) + residual[i];
    magnitudes[i] = std::fabs(sums[i]);
  }
  for (size_t i = 0; i < x.size(); ++i) {
    const auto at = static_cast<int64_t>(i);
    const int64_t channel = at % c.channels, column = at / c.channels % c.width;
    const int64_t row = at / c.channels / c.width % c.height, image = at / c.channels / c.width / c.height;
    for (int64_t n = 0; n < group_out; ++n) {
      for (int64_t ky = 0; ky < c.kernel_h; ++ky) {
        for (int64_t kx = 0; kx < c.kernel_w; ++kx) {
          const int64_t oy = row * c.strides[0] + ky * c.dilations[0] - c.pads[0];
          const int64_t ox = column * c.strides[1] + kx * c.dilations[1] - c.pads[1];
          if (oy < 0 || oy >= oh || ox < 0 || ox >= ow) continue;
          const int64_t tap = ((channel * group_out + n) * c.kernel_h + ky) * c.kernel_w + kx;
          const int64_t to = ((image * oh + oy) * ow + ox) * c.outputs + channel / group_in * group_out + n;
          const double product = static_cast<double>(x[i]) * w[static_cast<size_t>(tap)];
          sums[static_cast<size_t>(to)] += product;
          magnitudes[static_cast<size_t>(to)] += std::fabs(product);
        }
      }
    }
  }
  const Value y = RunOperator(
      "ConvTransposeNhwc",
      MakeAttributes({{"strides", Numbers(c.strides)},
                      {"dilations", Numbers(c.dilations)},
                      {"pads", Numbers(c.pads)},
                      {"output_padding", Numbers(c.output_padding)},
                      {"group", c.group}}),
      {Value({c.batch, c.height, c.width, c.channels}, x),
       Argument::Constant(Value({c.channels, group_out, c.kernel_h, c.kernel_w}, w)), Value({c.outputs}, bias),
       Value({c.batch, oh, ow, c.outputs}, residual)},
      {DataType::kFloat32})[0];
  REQUIRE(y.dims == Dims{c.batch, oh, ow, c.outputs});
  const std::vector<float> values = y.To<float>();
  const double terms = static_cast<double>(group_in * c.kernel_h * c.kernel_w + 2);
  for (size_t i = 0; i < values.size(); ++i) {
    REQUIRE(std::fabs(values[i] - sums[i]) <= terms * 6e-8 * magnitudes[i]);  // one rounding a term
  }
}

}  // namespace

TEST_CASE("ConvTransposeNhwc equals the sum of what the inputs spread") {
  const std::vector<int64_t> one = {1, 1}, none = {0, 0}, bare = {0, 0, 0, 0};
  Check({"stride 1", 2, 5, 6, 8, 10, 3, 3, 1, one, one, bare, none});
  Check({"2x2 by 2", 2, 5, 6, 17, 33, 2, 2, 1, {2, 2}, one, bare, none});
  Check({"3x3 by 2, pads, output padding", 1, 5, 6, 8, 12, 3, 3, 1, {2, 2}, one, {1, 1, 1, 1}, {1, 1}});
  Check({"4x4 by 2, uneven pads", 2, 5, 4, 8, 12, 4, 4, 1, {2, 2}, one, {1, 0, 2, 1}, none});
  Check({"strides above the kernel", 1, 4, 3, 5, 6, 2, 3, 1, {3, 4}, one, bare, {2, 3}});
  Check({"dilated", 1, 4, 5, 6, 7, 3, 2, 1, {2, 1}, {2, 3}, {1, 2, 0, 1}, {1, 0}});
  Check({"dilation and stride with a common factor", 1, 4, 5, 6, 7, 3, 3, 1, {4, 2}, {2, 2}, {1, 0, 1, 0}, none});
  Check({"grouped", 1, 4, 5, 12, 18, 3, 3, 3, {2, 2}, one, {1, 1, 1, 1}, none});
  Check({"depthwise", 1, 4, 5, 12, 12, 3, 3, 12, {2, 2}, one, {1, 1, 1, 1}, none});
  Check({"many tiles", 1, 40, 40, 32, 64, 4, 4, 1, {2, 2}, one, {1, 1, 1, 1}, none});
}

TEST_CASE("ConvTransposeNhwc over one axis, and refusals") {
  const Value x({1, 2, 1}, std::vector<float>{1, 10});
  const Argument w = Argument::Constant(Value({1, 1, 3}, std::vector<float>{1, 2, 3}));
  const Value y = RunOperator("ConvTransposeNhwc", MakeAttributes({{"strides", Numbers({2})}}), {x, w},
                              {DataType::kFloat32})[0];
  CHECK(y.dims == Dims{1, 5, 1});
  CHECK(y.To<float>() == std::vector<float>{1, 2, 13, 20, 30});
  const auto run = [&](Attributes attributes) {
    RunOperator("ConvTransposeNhwc", std::move(attributes), {x, w}, {DataType::kFloat32});
  };
  CHECK_THROWS_AS(run(MakeAttributes({{"pads", Numbers({2, 2})}})), EngineError);
  CHECK_THROWS_AS(run(MakeAttributes({{"group", 2}})), EngineError);
  CHECK_THROWS_AS(run(MakeAttributes({{"strides", Numbers({5000})}})), EngineError);
  CHECK_THROWS_AS(run(MakeAttributes({{"output_padding", Numbers({1, 1})}})), EngineError);
}
