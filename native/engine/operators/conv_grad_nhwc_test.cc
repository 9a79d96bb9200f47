// ConvGradInputNhwc and ConvGradWeightNhwc against sums over all products in float64, written over coordinates.
#include <doctest/doctest.h>

#include <cmath>
#include <random>

#include "testing/cases.h"
#include "testing/run_operator.h"

using namespace gossamer;

namespace {

struct Case {
  int64_t batch, height, width, channels, outputs, kernel_h, kernel_w, group;
  std::vector<int64_t> strides, dilations, pads;  // pads: top, left, bottom, right

  int64_t Out(size_t axis) const {
    const int64_t in = axis == 0 ? height : width, kernel = axis == 0 ? kernel_h : kernel_w;
    const int64_t room = in + pads[axis] + pads[axis + 2] - dilations[axis] * (kernel - 1) - 1;
    return room < 0 ? 0 : room / strides[axis] + 1;
  }
};

std::vector<double> Numbers(const std::vector<int64_t>& values) { return {values.begin(), values.end()}; }

std::string Said(const Case& c) {
  std::string text;
  for (int64_t number : {c.batch, c.height, c.width, c.channels, c.outputs, c.kernel_h, c.kernel_w, c.group}) {
    text += std::to_string(number) + ' ';
  }
  for (const std::vector<int64_t>& list : {c.strides, c.dilations, c.pads}) {
    text += '/';
    for (int64_t number : list) text += ' ' + std::to_string(number);
  }
  return text;
}

// Calls body(element of x, of w, of y) for every product of the convolution.
template <class Body>
void ForProducts(const Case& c, const Body& body) {
  const int64_t oh = c.Out(0), ow = c.Out(1), group_in = c.channels / c.group, group_out = c.outputs / c.group;
  for (int64_t y = 0; y < c.batch * oh * ow * c.outputs; ++y) {
    const int64_t o = y % c.outputs, ox = y / c.outputs % ow, oy = y / c.outputs / ow % oh, b = y / c.outputs / ow / oh;
    for (int64_t i = 0; i < group_in; ++i) {
      for (int64_t ky = 0; ky < c.kernel_h; ++ky) {
        for (int64_t kx = 0; kx < c.kernel_w; ++kx) {
          const int64_t row = oy * c.strides[0] + ky * c.dilations[0] - c.pads[0];
          const int64_t column = ox * c.strides[1] + kx * c.dilations[1] - c.pads[1];
          if (row < 0 || row >= c.height || column < 0 || column >= c.width) continue;
          const int64_t x = ((b * c.height + row) * c.width + column) * c.channels + o / group_out * group_in + i;
          const int64_t w = ((o * group_in + i) * c.kernel_h + ky) * c.kernel_w + kx;
          body(static_cast<size_t>(x), static_cast<size_t>(w), static_cast<size_t>(y));
        }
      }
    }
  }
}

// Sums of products, how large their terms are, and how many.
struct Sums {
  std::vector<double> sums, magnitudes, terms;
  explicit Sums(size_t count) : sums(count), magnitudes(count), terms(count) {}
  void Add(size_t i, double product) {
    sums[i] += product;
    magnitudes[i] += std::fabs(product);
    terms[i] += 1;
  }
  void Check(const std::vector<float>& values) const {
    REQUIRE(values.size() == sums.size());
    for (size_t i = 0; i < values.size(); ++i) {  // a rounding of a partial sum for each term, and for 16 slices
      REQUIRE(std::fabs(values[i] - sums[i]) <= (terms[i] + 16) * 6e-8 * magnitudes[i]);
    }
  }
};

Attributes AttributesOf(const Case& c, const char* name, const std::vector<int64_t>& sizes) {
  return MakeAttributes({{"strides", Numbers(c.strides)},
                         {"dilations", Numbers(c.dilations)},
                         {"pads", Numbers(c.pads)},
                         {"group", c.group},
                         {name, Numbers(sizes)}});
}

void Check(const Case& c) {
  const int64_t oh = c.Out(0), ow = c.Out(1), group_in = c.channels / c.group;
  CAPTURE(Said(c));
  const Dims x_dims{c.batch, c.height, c.width, c.channels}, w_dims{c.outputs, group_in, c.kernel_h, c.kernel_w};
  const Dims y_dims{c.batch, oh, ow, c.outputs};
  const std::vector<float> x = NormalFloats(x_dims.Count(), 1), w = NormalFloats(w_dims.Count(), 2);
  const std::vector<float> dy = NormalFloats(y_dims.Count(), 3);
  Sums dx_sums(x.size()), dw_sums(w.size());
  ForProducts(c, [&](size_t i, size_t j, size_t k) {
    dx_sums.Add(i, static_cast<double>(dy[k]) * w[j]);
    dw_sums.Add(j, static_cast<double>(dy[k]) * x[i]);
  });

  const Value weights(w_dims, w), gradient(y_dims, dy);
  const Attributes of_input = AttributesOf(c, "input_shape", {c.height, c.width});
  const Value dx = RunOperator("ConvGradInputNhwc", of_input, {gradient, weights}, {DataType::kFloat32})[0];
  REQUIRE(dx.dims == x_dims);
  dx_sums.Check(dx.To<float>());
  const Argument constant = Argument::Constant(weights);
  REQUIRE(RunOperator("ConvGradInputNhwc", of_input, {gradient, constant}, {DataType::kFloat32})[0].bytes == dx.bytes);

  const Attributes of_weight = AttributesOf(c, "kernel_shape", {c.kernel_h, c.kernel_w});
  const Value dw = RunOperator("ConvGradWeightNhwc", of_weight, {Value(x_dims, x), gradient}, {DataType::kFloat32})[0];
  REQUIRE(dw.dims == w_dims);
  dw_sums.Check(dw.To<float>());
}

}  // namespace

TEST_CASE("gradients of convolutions equal sums over all products") {
  const std::vector<int64_t> one = {1, 1}, none = {0, 0, 0, 0}, same = {1, 1, 1, 1};
  SUBCASE("1x1") { Check({2, 9, 7, 20, 33, 1, 1, 1, one, one, none}); }
  SUBCASE("1x1 with stride, the last pixels not read") { Check({2, 10, 9, 20, 33, 1, 1, 1, {2, 3}, one, none}); }
  SUBCASE("1x1 with pads") { Check({1, 4, 5, 16, 70, 1, 1, 1, one, one, same}); }
  SUBCASE("3x3 with pads") { Check({2, 9, 7, 17, 66, 3, 3, 1, one, one, same}); }
  SUBCASE("3x3 without pads") { Check({2, 9, 7, 17, 20, 3, 3, 1, one, one, none}); }
  SUBCASE("3x3, stride 2, uneven pads") { Check({3, 11, 12, 9, 16, 3, 3, 1, {2, 2}, one, {0, 1, 2, 0}}); }
  SUBCASE("first layer") { Check({3, 12, 13, 1, 20, 5, 5, 1, one, one, none}); }
  SUBCASE("first layer with pads and stride") { Check({2, 23, 21, 3, 24, 7, 7, 1, {2, 2}, one, {3, 3, 3, 3}}); }
  SUBCASE("dilated") { Check({1, 13, 14, 9, 16, 3, 3, 1, one, {2, 3}, {2, 3, 2, 3}}); }
  SUBCASE("dilated, strides that share a factor") { Check({1, 17, 15, 6, 7, 3, 2, 1, {4, 2}, {2, 4}, {1, 2, 0, 3}}); }
  SUBCASE("pads wider than the image") { Check({1, 2, 2, 9, 4, 3, 3, 1, one, one, {5, 6, 4, 7}}); }
  SUBCASE("pads wider than the kernel") { Check({1, 5, 6, 9, 4, 2, 2, 1, one, one, {3, 2, 4, 3}}); }
  SUBCASE("grouped") { Check({2, 8, 9, 24, 36, 3, 3, 3, one, one, same}); }
  SUBCASE("grouped 1x1") { Check({1, 8, 9, 24, 12, 1, 1, 4, one, one, none}); }
  SUBCASE("depthwise") { Check({2, 10, 9, 37, 37, 3, 3, 37, one, one, same}); }
  SUBCASE("depthwise, stride 2, uneven pads") { Check({3, 11, 12, 32, 32, 5, 3, 32, {2, 2}, one, {2, 1, 0, 2}}); }
  SUBCASE("depthwise, dilated, no pads") { Check({2, 11, 12, 8, 8, 3, 3, 8, one, {2, 3}, none}); }
  SUBCASE("depthwise, two outputs a channel") { Check({1, 9, 12, 20, 40, 3, 3, 20, one, {2, 2}, same}); }
  SUBCASE("several slices and tasks") { Check({4, 40, 33, 32, 80, 3, 3, 1, one, one, same}); }
  SUBCASE("several slices, depthwise") { Check({6, 40, 33, 64, 64, 3, 3, 64, one, one, same}); }
  SUBCASE("more channels than slack") { Check({1, 4, 3, 3, 2052, 3, 2, 1, one, one, {1, 1, 0, 1}}); }
  SUBCASE("spread") { Check({5, 12, 13, 20, 50, 5, 5, 1, one, one, none}); }
  SUBCASE("spread, pads and stride") { Check({4, 23, 22, 3, 24, 7, 7, 1, {2, 2}, one, {3, 2, 3, 4}}); }
  SUBCASE("spread, dilated") { Check({6, 9, 11, 1, 40, 3, 4, 1, {1, 2}, {2, 3}, {4, 7, 0, 8}}); }
  SUBCASE("no image") { Check({0, 8, 8, 12, 4, 3, 3, 1, one, one, same}); }
}

TEST_CASE("gradients of convolutions of random geometry") {
  std::mt19937 random(7);
  const auto pick = [&](int64_t least, int64_t most) {
    return least + static_cast<int64_t>(random() % static_cast<unsigned>(most - least + 1));
  };
  for (int i = 0; i < 150;) {
    const int64_t group = pick(0, 2) == 0 ? pick(1, 5) : 1, depth = pick(0, 3) == 0 ? 1 : pick(1, 20);
    const Case c{pick(1, 5),
                 pick(1, 12),
                 pick(1, 14),
                 group * depth,
                 group * (depth == 1 && group > 1 ? pick(1, 2) : pick(1, 40)),
                 pick(1, 5),
                 pick(1, 5),
                 group,
                 {pick(1, 3), pick(1, 3)},
                 {pick(1, 3), pick(1, 3)},
                 {pick(0, 4), pick(0, 4), pick(0, 4), pick(0, 4)}};
    if (c.Out(0) == 0 || c.Out(1) == 0) continue;
    Check(c);
    ++i;
  }
}

TEST_CASE("gradients of convolutions over one axis") {
  const Value x({1, 5, 1}, std::vector<float>{1, 2, 3, 4, 5}), dy({1, 2, 1}, std::vector<float>{1, 10});
  const Value w({1, 1, 3}, std::vector<float>{1, 2, 3});
  const std::vector<double> strides = {2};
  const auto run = [&](const char* type, const char* name, double size, const Value& a, const Value& b) {
    return RunOperator(type, MakeAttributes({{"strides", strides}, {name, std::vector<double>{size}}}), {a, b},
                       {DataType::kFloat32})[0];
  };
  const Value dx = run("ConvGradInputNhwc", "input_shape", 5, dy, w);
  CHECK(dx.dims == Dims{1, 5, 1});
  CHECK(dx.To<float>() == std::vector<float>{1, 2, 13, 20, 30});
  CHECK(run("ConvGradInputNhwc", "input_shape", 6, dy, w).To<float>() == std::vector<float>{1, 2, 13, 20, 30, 0});
  const Value dw = run("ConvGradWeightNhwc", "kernel_shape", 3, x, dy);
  CHECK(dw.dims == Dims{1, 1, 3});
  CHECK(dw.To<float>() == std::vector<float>{31, 42, 53});
}

TEST_CASE("gradients of convolutions refuse what does not fit") {
  const auto value = [](Dims dims) { return Value(dims, NormalFloats(dims.Count(), 1)); };
  const auto run = [&](const char* type, Dims a, Dims b, Attributes attributes) {
    RunOperator(type, std::move(attributes), {value(a), value(b)}, {DataType::kFloat32});
  };
  const auto input = [&](Dims dy, Dims w, std::vector<double> shape, int group = 1) {
    run("ConvGradInputNhwc", dy, w, MakeAttributes({{"input_shape", std::move(shape)}, {"group", group}}));
  };
  CHECK_NOTHROW(input({1, 4, 4, 6}, {6, 2, 3, 3}, {6, 6}));
  CHECK_THROWS_AS(input({1, 4, 4, 6}, {6, 2, 3, 3}, {6, 7}), EngineError);
  CHECK_THROWS_AS(input({1, 4, 4, 6}, {6, 2, 3, 3}, {6}), EngineError);
  CHECK_THROWS_AS(input({1, 4, 4, 6}, {6, 2, 3, 3}, {}), EngineError);
  CHECK_THROWS_AS(input({1, 4, 4, 6}, {6, 2, 3, 3}, {6, 0}), EngineError);
  CHECK_THROWS_AS(input({1, 4, 4, 6}, {5, 2, 3, 3}, {6, 6}), EngineError);
  CHECK_THROWS_AS(input({1, 4, 4, 6}, {6, 2, 3, 3}, {6, 6}, 4), EngineError);
  CHECK_THROWS_AS(input({4, 4, 6}, {6, 2, 3, 3}, {6, 6}), EngineError);
  const auto weight = [&](Dims x, Dims dy, std::vector<double> kernel, int group = 1) {
    run("ConvGradWeightNhwc", x, dy, MakeAttributes({{"kernel_shape", std::move(kernel)}, {"group", group}}));
  };
  CHECK_NOTHROW(weight({1, 6, 6, 4}, {1, 4, 4, 6}, {3, 3}, 2));
  CHECK_THROWS_AS(weight({1, 6, 6, 4}, {1, 4, 4, 6}, {3, 2}), EngineError);
  CHECK_THROWS_AS(weight({1, 6, 6, 4}, {1, 4, 4, 6}, {3}), EngineError);
  CHECK_THROWS_AS(weight({1, 6, 6, 4}, {1, 4, 4, 6}, {}), EngineError);
  CHECK_THROWS_AS(weight({1, 6, 6, 4}, {1, 4, 4, 6}, {0, 3}), EngineError);
  CHECK_THROWS_AS(weight({1, 6, 6, 4}, {1, 4, 4, 6}, {3, 3}, 3), EngineError);
  CHECK_THROWS_AS(weight({1, 6, 6, 4}, {1, 4, 4, 6}, {3, 3}, 4), EngineError);
  CHECK_THROWS_AS(weight({1, 6, 6, 4}, {2, 4, 4, 6}, {3, 3}), EngineError);
}

TEST_CASE("gradients of convolutions whose pads are far larger than their images") {
  // Depthwise, a window of 2^32 by 2^32 pixels, of which there are none to copy.
  const double third = 1431655765, most = 2147483647;
  const Attributes depthwise = MakeAttributes({{"kernel_shape", std::vector<double>{4, 4}},
                                               {"dilations", std::vector<double>{third, third}},
                                               {"pads", std::vector<double>{most, most, most, most}},
                                               {"group", 2}});
  const Value image({1, 2, 2, 2}, std::vector<float>(8, 1)), pixel({1, 1, 1, 2}, std::vector<float>{1, 10});
  CHECK_THROWS_AS(RunOperator("ConvGradWeightNhwc", depthwise, {image, pixel}, {DataType::kFloat32}), EngineError);
  // Windows of 2^30 + 1 lines, of which the last one lies in the image: taps are read one by one.
  const double far = 1 << 30;
  const Attributes tall = MakeAttributes({{"input_shape", std::vector<double>{2, 2}},
                                          {"dilations", std::vector<double>{far, 1}},
                                          {"pads", std::vector<double>{far - 1, 0, 0, 0}}});
  const Value dy({1, 1, 1, 1}, std::vector<float>{2}), w({1, 1, 2, 2}, std::vector<float>{3, 4, 5, 6});
  CHECK(RunOperator("ConvGradInputNhwc", tall, {dy, w}, {DataType::kFloat32})[0].To<float>() ==
        std::vector<float>{0, 0, 10, 12});
}
