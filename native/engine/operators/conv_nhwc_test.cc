#include <doctest/doctest.h>

#include <cmath>

#include "testing/cases.h"
#include "testing/run_operator.h"

using namespace gossamer;

namespace {

struct Case {
  const char* what;
  int64_t batch, height, width, channels, outputs, kernel_h, kernel_w, group;
  std::vector<int64_t> strides, dilations, pads;  // pads: top, left, bottom, right
};

std::vector<double> Numbers(const std::vector<int64_t>& values) { return {values.begin(), values.end()}; }

// By coordinates of the input, in float64: the formula of ONNX Conv.
double At(const Case& c, const std::vector<float>& x, const std::vector<float>& w, int64_t b, int64_t oy, int64_t ox,
          int64_t m, double* magnitude) {
  const int64_t group_in = c.channels / c.group, group_out = c.outputs / c.group;
  double sum = 0;
  for (int64_t i = 0; i < group_in; ++i) {
    for (int64_t ky = 0; ky < c.kernel_h; ++ky) {
      for (int64_t kx = 0; kx < c.kernel_w; ++kx) {
        const int64_t y = oy * c.strides[0] + ky * c.dilations[0] - c.pads[0];
        const int64_t col = ox * c.strides[1] + kx * c.dilations[1] - c.pads[1];
        if (y < 0 || y >= c.height || col < 0 || col >= c.width) continue;
        const int64_t channel = m / group_out * group_in + i;
        const float value = x[static_cast<size_t>(((b * c.height + y) * c.width + col) * c.channels + channel)];
        const int64_t tap = ((m * group_in + i) * c.kernel_h + ky) * c.kernel_w + kx;
        const double product = static_cast<double>(value) * w[static_cast<size_t>(tap)];
        sum += product;
        *magnitude += std::fabs(product);
      }
    }
  }
  return sum;
}

void Check(const Case& c) {
  CAPTURE(std::string(c.what));
  const auto size = [&](size_t axis, int64_t in, int64_t kernel) {
    return (in + c.pads[axis] + c.pads[axis + 2] - c.dilations[axis] * (kernel - 1) - 1) / c.strides[axis] + 1;
  };
  const int64_t oh = size(0, c.height, c.kernel_h), ow = size(1, c.width, c.kernel_w), group_in = c.channels / c.group;
  const std::vector<float> x = NormalFloats(static_cast<size_t>(c.batch * c.height * c.width * c.channels), 1);
  const std::vector<float> w = NormalFloats(static_cast<size_t>(c.outputs * group_in * c.kernel_h * c.kernel_w), 2);
  const std::vector<float> bias = NormalFloats(static_cast<size_t>(c.outputs), 3);
  const std::vector<float> residual = NormalFloats(static_cast<size_t>(c.batch * oh * ow * c.outputs), 4);
  const Attributes attributes = MakeAttributes({{"strides", Numbers(c.strides)},
                                                {"dilations", Numbers(c.dilations)},
                                                {"pads", Numbers(c.pads)},
                                                {"group", c.group}});
  const Value weights({c.outputs, group_in, c.kernel_h, c.kernel_w}, w);
  const auto run = [&](const Argument& argument) {
    return RunOperator("ConvNhwc", attributes,
                       {Value({c.batch, c.height, c.width, c.channels}, x), argument, Value({c.outputs}, bias),
                        Value({c.batch, oh, ow, c.outputs}, residual)},
                       {DataType::kFloat32})[0];
  };
  const Value y = run(Argument::Constant(weights));
  REQUIRE(run(weights).bytes == y.bytes);  // w at run time
  REQUIRE(y.dims == Dims{c.batch, oh, ow, c.outputs});
  const std::vector<float> values = y.To<float>();
  const double terms = static_cast<double>(group_in * c.kernel_h * c.kernel_w + 2);
  for (size_t i = 0; i < values.size(); ++i) {
    const auto at = static_cast<int64_t>(i);
    const int64_t m = at % c.outputs, ox = at / c.outputs % ow, oy = at / c.outputs / ow % oh;
    double magnitude = std::fabs(bias[static_cast<size_t>(m)]) + std::fabs(residual[i]);
    double sum = At(c, x, w, at / c.outputs / ow / oh, oy, ox, m, &magnitude);
    sum += static_cast<double>(bias[static_cast<size_t>(m)]) + residual[i];
    REQUIRE(std::fabs(values[i] - sum) <= terms * 6e-8 * magnitude);  // one rounding of a partial sum a term
  }
}

}  // namespace

TEST_CASE("ConvNhwc equals the formula of Conv") {
  const std::vector<int64_t> one = {1, 1}, none = {0, 0, 0, 0}, same = {1, 1, 1, 1};
  Check({"1x1", 2, 9, 7, 20, 33, 1, 1, 1, one, one, none});
  Check({"1x1 with stride", 2, 9, 7, 20, 33, 1, 1, 1, {2, 3}, one, none});
  Check({"1x1 with pads", 1, 4, 5, 6, 7, 1, 1, 1, one, one, same});
  Check({"3x3 with pads", 2, 9, 7, 17, 66, 3, 3, 1, one, one, same});
  Check({"3x3 without pads", 2, 9, 7, 17, 20, 3, 3, 1, one, one, none});
  Check({"3x3, stride 2, uneven pads", 3, 11, 12, 8, 16, 3, 3, 1, {2, 2}, one, {0, 1, 2, 0}});
  Check({"dilated", 1, 13, 14, 8, 16, 3, 3, 1, one, {2, 3}, {2, 3, 2, 3}});
  Check({"few channels, padded copy", 2, 23, 21, 3, 24, 7, 7, 1, {2, 2}, one, {3, 3, 3, 3}});
  Check({"few channels, dilated along H", 1, 12, 10, 2, 5, 3, 3, 1, one, {2, 1}, {2, 1, 2, 1}});
  Check({"few channels, dilated along W", 1, 12, 10, 2, 5, 3, 3, 1, one, {1, 2}, {1, 2, 1, 2}});
  Check({"pads wider than the image", 1, 2, 2, 8, 4, 3, 3, 1, one, one, {5, 6, 4, 7}});
  Check({"grouped", 2, 8, 9, 24, 36, 3, 3, 3, one, one, same});
  Check({"grouped 1x1", 1, 8, 9, 24, 12, 1, 1, 4, one, one, none});
  Check({"depthwise", 2, 10, 9, 37, 37, 3, 3, 37, one, one, same});
  Check({"depthwise, stride 2, no pads", 1, 11, 12, 64, 64, 5, 5, 64, {2, 2}, one, none});
  Check({"depthwise, two outputs a channel", 1, 9, 12, 20, 40, 3, 3, 20, one, {2, 2}, same});
  Check({"many tiles", 1, 60, 60, 16, 32, 3, 3, 1, one, one, same});
  Check({"more channels than slack", 1, 4, 3, 2052, 3, 3, 2, 1, one, one, {1, 1, 0, 1}});
  Check({"no image", 0, 8, 8, 4, 4, 3, 3, 1, one, one, same});
}

TEST_CASE("ConvNhwc with factors rounded to bfloat16 is close to float32") {
  struct Shape {
    int64_t channels, kernel, pad, group;
  };
  for (const Shape& s :
       {Shape{16, 3, 1, 1}, Shape{16, 1, 0, 1}, Shape{2, 3, 1, 1}, Shape{3, 3, 1, 1}, Shape{8, 3, 0, 2}}) {
    const Value x({2, 9, 8, s.channels}, NormalFloats(static_cast<size_t>(144 * s.channels), 1));
    const Dims dims{20, s.channels / s.group, s.kernel, s.kernel};
    const Argument w = Argument::Constant(Value(dims, NormalFloats(dims.Count(), 2)));
    std::vector<float> results[2];
    for (int bf16 = 0; bf16 < 2; ++bf16) {
      const Attributes attributes = MakeAttributes({{"pads", Numbers({s.pad, s.pad, s.pad, s.pad})},
                                                    {"group", s.group},
                                                    {"precision", bf16 != 0 ? "bf16" : "float32"}});
      results[bf16] = RunOperator("ConvNhwc", attributes, {x, w}, {DataType::kFloat32})[0].To<float>();
    }
    // Factors are off by 2^-8 at most, and no sum of their magnitudes is above that of the largest.
    const double bound = 0.0079 * static_cast<double>(dims.Count() / 20) * 12;
    for (size_t i = 0; i < results[0].size(); ++i) REQUIRE(std::fabs(results[0][i] - results[1][i]) <= bound);
  }
}

TEST_CASE("ConvNhwc over one axis") {
  const std::vector<float> x = NormalFloats(2 * 11 * 6, 1), w = NormalFloats(10 * 6 * 3, 2);
  for (int64_t pad : {0, 2}) {
    const Attributes attributes = MakeAttributes({{"strides", Numbers({2})}, {"pads", Numbers({pad, pad})}});
    const std::vector<Argument> arguments = {Value({2, 11, 6}, x), Argument::Constant(Value({10, 6, 3}, w))};
    const Value y = RunOperator("ConvNhwc", attributes, arguments, {DataType::kFloat32})[0];
    const int64_t width = pad + 5;
    REQUIRE(y.dims == Dims{2, width, 10});
    const Case c{"", 2, 1, 11, 6, 10, 1, 3, 1, {1, 2}, {1, 1}, {0, pad, 0, pad}};
    const std::vector<float> values = y.To<float>();
    for (size_t i = 0; i < values.size(); ++i) {
      const auto at = static_cast<int64_t>(i);
      double magnitude = 0;
      const double sum = At(c, x, w, at / 10 / width, 0, at / 10 % width, at % 10, &magnitude);
      REQUIRE(std::fabs(values[i] - sum) <= 18 * 6e-8 * magnitude);
    }
  }
}

TEST_CASE("ConvNhwc refuses what does not fit") {
  const auto run = [](Dims x, Dims w, Attributes attributes) {
    RunOperator("ConvNhwc", std::move(attributes),
                {Value(x, NormalFloats(x.Count(), 1)), Argument::Constant(Value(w, NormalFloats(w.Count(), 2)))},
                {DataType::kFloat32});
  };
  CHECK_NOTHROW(run({1, 4, 4, 2}, {3, 2, 3, 3}, {}));
  CHECK_THROWS_AS(run({1, 4, 4, 3}, {3, 2, 3, 3}, {}), EngineError);
  CHECK_THROWS_AS(run({4, 4, 2}, {3, 2, 3, 3}, {}), EngineError);
  CHECK_THROWS_AS(run({1, 2, 4, 2}, {3, 2, 3, 3}, {}), EngineError);
  CHECK_THROWS_AS(run({1, 4, 4, 4}, {3, 2, 3, 3}, MakeAttributes({{"group", 2}})), EngineError);
  CHECK_THROWS_AS(run({1, 4, 4, 2}, {3, 2, 3, 3}, MakeAttributes({{"strides", Numbers({0, 1})}})), EngineError);
  CHECK_THROWS_AS(run({1, 4, 4, 2}, {3, 2, 3, 3}, MakeAttributes({{"pads", Numbers({1, 1})}})), EngineError);
  const Attributes far = MakeAttributes({{"dilations", Numbers({1, int64_t{1} << 32})}});
  CHECK_THROWS_AS(run({1, 4, 4, 2}, {3, 2, 3, 3}, far), EngineError);
  // Windows of 2^32 lines of 2^32 pixels under one tile.
  const int64_t most = (int64_t{1} << 31) - 1;
  const Attributes wide = MakeAttributes({{"dilations", Numbers({1431655765, 1})},
                                          {"strides", Numbers({1, most})},
                                          {"pads", Numbers({most, most, most, most})}});
  CHECK_THROWS_AS(run({1, 2, 2, 4}, {3, 4, 4, 2}, wide), EngineError);
  // w at run time: what is wrong with it is found by each run.
  OperatorRunner runner("ConvNhwc", MakeAttributes({{"group", 2}}), {Value(), Value()}, {DataType::kFloat32});
  const auto again = [&](Dims x, Dims w) {
    runner.Run({Value(x, NormalFloats(x.Count(), 1)), Value(w, NormalFloats(w.Count(), 2))});
  };
  CHECK_NOTHROW(again({1, 4, 4, 4}, {6, 2, 3, 3}));
  CHECK_NOTHROW(again({1, 3, 4, 2}, {2, 1, 2, 2}));
  CHECK_THROWS_AS(again({1, 4, 4, 4}, {3, 2, 3, 3}), EngineError);
  CHECK_THROWS_AS(again({1, 4, 4, 4}, {6, 4, 3, 3}), EngineError);
  CHECK_THROWS_AS(again({1, 4, 4, 4}, {6, 2, 3}), EngineError);
}
