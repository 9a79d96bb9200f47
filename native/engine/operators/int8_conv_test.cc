#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "testing/cases.h"
#include "testing/run_operator.h"

using namespace gossamer;

namespace {

struct Convolution {
  int64_t batch, height, width, channels, outputs, group, kernel_h, kernel_w, stride_h, stride_w, dilation_h,
      dilation_w, top, left, bottom, right;

  int64_t OutHeight() const { return (height + top + bottom - (kernel_h - 1) * dilation_h - 1) / stride_h + 1; }
  int64_t OutWidth() const { return (width + left + right - (kernel_w - 1) * dilation_w - 1) / stride_w + 1; }
};

// By coordinates, as the standard says: x [B, H, W, C], w [M, C / group, kH, kW].
template <class T>
std::vector<int64_t> Convolve(const Convolution& c, const std::vector<uint8_t>& x, const std::vector<T>& w, int64_t zx,
                              int64_t zw) {
  std::vector<int64_t> sums;
  const int64_t in = c.channels / c.group, out = c.outputs / c.group;
  for (int64_t b = 0; b < c.batch; ++b) {
    for (int64_t oh = 0; oh < c.OutHeight(); ++oh) {
      for (int64_t ow = 0; ow < c.OutWidth(); ++ow) {
        for (int64_t m = 0; m < c.outputs; ++m) {
          int64_t sum = 0;
          for (int64_t i = 0; i < c.kernel_h; ++i) {
            for (int64_t j = 0; j < c.kernel_w; ++j) {
              const int64_t h = oh * c.stride_h + i * c.dilation_h - c.top,
                            v = ow * c.stride_w + j * c.dilation_w - c.left;
              if (h < 0 || h >= c.height || v < 0 || v >= c.width) continue;
              for (int64_t k = 0; k < in; ++k) {
                const int64_t at = ((b * c.height + h) * c.width + v) * c.channels + m / out * in + k;
                const int64_t wt = ((m * in + k) * c.kernel_h + i) * c.kernel_w + j;
                sum += (x[static_cast<size_t>(at)] - zx) * (w[static_cast<size_t>(wt)] - zw);
              }
            }
          }
          sums.push_back(sum);
        }
      }
    }
  }
  return sums;
}

const Convolution kConvolutions[] = {
    {1, 7, 9, 64, 40, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0},    // one position
    {2, 8, 7, 20, 33, 1, 1, 1, 2, 2, 1, 1, 0, 0, 0, 0},    // one position, strided
    {2, 9, 8, 16, 64, 1, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1},    // padded
    {1, 6, 5, 70, 17, 1, 3, 3, 2, 2, 1, 1, 1, 0, 1, 2},    // unequal padding
    {1, 12, 11, 18, 8, 1, 3, 2, 1, 2, 2, 3, 2, 1, 0, 3},   // dilated
    {2, 15, 14, 3, 24, 1, 7, 7, 2, 2, 1, 1, 3, 3, 3, 3},   // few channels
    {1, 10, 10, 1, 6, 1, 5, 5, 1, 1, 1, 1, 0, 0, 0, 0},    // one channel
    {1, 8, 9, 4, 9, 1, 3, 3, 1, 1, 1, 2, 2, 2, 2, 2},      // few channels, dilated
    {2, 6, 7, 12, 20, 4, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1},    // groups
    {1, 9, 9, 10, 10, 10, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1},   // depthwise
    {1, 9, 8, 70, 140, 70, 5, 5, 2, 2, 1, 1, 2, 2, 2, 2},  // depthwise, two outputs a channel
    {2, 9, 8, 96, 96, 96, 3, 3, 2, 1, 1, 2, 1, 2, 1, 2},   // depthwise, dilated
    {1, 5, 6, 300, 5, 1, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1},    // more channels than the slack that is always there
    {1, 2, 2, 5, 3, 1, 3, 3, 1, 1, 1, 1, 4, 4, 4, 4},      // windows wholly outside
    {0, 5, 5, 16, 4, 1, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1},     // nothing
};

std::vector<double> List(std::initializer_list<int64_t> values) { return {values.begin(), values.end()}; }

}  // namespace

TEST_CASE("Int8Conv: int32 and quantized results of any window equal a sum by coordinates") {
  for (const Convolution& c : kConvolutions) {
    std::mt19937 random(1);
    std::vector<uint8_t> x(static_cast<size_t>(c.batch * c.height * c.width * c.channels));
    for (uint8_t& v : x) v = static_cast<uint8_t>(random());
    const Dims w_dims{c.outputs, c.channels / c.group, c.kernel_h, c.kernel_w};
    std::vector<uint8_t> w(w_dims.Count());
    for (uint8_t& v : w) v = static_cast<uint8_t>(random());
    std::vector<int8_t> signed_w(w.begin(), w.end());
    const Value image({c.batch, c.height, c.width, c.channels}, x);
    CAPTURE(c.channels);
    CAPTURE(c.kernel_h);
    for (bool is_uint8 : {false, true}) {
      for (bool quantized : {false, true}) {
        Attributes attributes = MakeAttributes({{"result", quantized ? "quantized" : "int32"},
                                                {"group", c.group},
                                                {"x_zero_point", 131},
                                                {"strides", List({c.stride_h, c.stride_w})},
                                                {"dilations", List({c.dilation_h, c.dilation_w})},
                                                {"pads", List({c.top, c.left, c.bottom, c.right})},
                                                {"scales", 0.0009765625},
                                                {"y_zero_point", 100},
                                                {"w_zero_points", is_uint8 ? 119 : 0}});
        const DataType type = quantized ? DataType::kUint8 : DataType::kInt32;
        const Value weights = is_uint8 ? Value(w_dims, w) : Value(w_dims, signed_w);
        const std::vector<Value> y = RunOperator("Int8Conv", attributes, {image, Argument::Constant(weights)}, {type});
        CHECK(y[0].dims == Dims{c.batch, c.OutHeight(), c.OutWidth(), c.outputs});
        const std::vector<int64_t> expected = is_uint8 ? Convolve(c, x, w, 131, 119) : Convolve(c, x, signed_w, 131, 0);
        if (quantized) {
          std::vector<uint8_t> rounded;
          for (int64_t sum : expected) {
            const double q = std::nearbyint(static_cast<double>(sum) / 1024) + 100;
            rounded.push_back(static_cast<uint8_t>(std::clamp(q, 0.0, 255.0)));
          }
          REQUIRE(y[0].To<uint8_t>() == rounded);
        } else {
          const std::vector<int32_t> got = y[0].To<int32_t>();
          for (size_t i = 0; i < got.size(); ++i) REQUIRE(got[i] == expected[i]);
        }
      }
    }
  }
}

TEST_CASE("Int8Conv: windows at random") {
  std::mt19937 random(3);
  const auto pick = [&](int64_t low, int64_t high) {
    return low + static_cast<int64_t>(random() % static_cast<unsigned>(high - low + 1));
  };
  for (int i = 0; i < 200; ++i) {
    Convolution c{pick(1, 2), pick(1, 12), pick(1, 12), 0,          0,          pick(1, 3), pick(1, 4), pick(1, 4),
                  pick(1, 3), pick(1, 3),  pick(1, 2),  pick(1, 2), pick(0, 3), pick(0, 3), pick(0, 3), pick(0, 3)};
    if (i % 4 == 0) c.group = pick(2, 70);
    c.channels = c.group * (i % 4 == 0 ? 1 : pick(1, 20));
    c.outputs = c.group * pick(1, i % 4 == 0 ? 2 : 40);
    if (c.height + c.top + c.bottom < (c.kernel_h - 1) * c.dilation_h + 1) continue;
    if (c.width + c.left + c.right < (c.kernel_w - 1) * c.dilation_w + 1) continue;
    std::vector<uint8_t> x(static_cast<size_t>(c.batch * c.height * c.width * c.channels));
    for (uint8_t& v : x) v = static_cast<uint8_t>(random());
    const Dims w_dims{c.outputs, c.channels / c.group, c.kernel_h, c.kernel_w};
    std::vector<uint8_t> w(w_dims.Count());
    for (uint8_t& v : w) v = static_cast<uint8_t>(random());
    const int64_t zx = pick(0, 255), zw = pick(0, 255);
    const Attributes attributes = MakeAttributes({{"result", "int32"},
                                                  {"group", c.group},
                                                  {"x_zero_point", zx},
                                                  {"w_zero_points", zw},
                                                  {"strides", List({c.stride_h, c.stride_w})},
                                                  {"dilations", List({c.dilation_h, c.dilation_w})},
                                                  {"pads", List({c.top, c.left, c.bottom, c.right})}});
    const std::vector<int32_t> got =
        RunOperator("Int8Conv", attributes,
                    {Value({c.batch, c.height, c.width, c.channels}, x), Argument::Constant(Value(w_dims, w))},
                    {DataType::kInt32})[0]
            .To<int32_t>();
    const std::vector<int64_t> expected = Convolve(c, x, w, zx, zw);
    CAPTURE(i);
    REQUIRE(got.size() == expected.size());
    for (size_t k = 0; k < got.size(); ++k) REQUIRE(got[k] == expected[k]);
  }
}

TEST_CASE("Int8Conv: one dimension, and sizes that change from run to run") {
  const Convolution first{1, 1, 20, 6, 7, 1, 1, 3, 1, 2, 1, 1, 0, 1, 0, 1};
  std::vector<int8_t> w(7 * 6 * 3);
  for (size_t i = 0; i < w.size(); ++i) w[i] = static_cast<int8_t>(i * 37);
  const Argument weights = Argument::Constant(Value({7, 6, 3}, w));
  OperatorRunner runner(
      "Int8Conv", MakeAttributes({{"result", "int32"}, {"strides", 2}, {"pads", List({1, 1})}, {"x_zero_point", 5}}),
      {Value({1, 20, 6}, std::vector<uint8_t>(120)), weights}, {DataType::kInt32});
  for (int64_t width : {20, 21, 3, 20, 40, 41, 42, 43, 1, 20}) {
    Convolution c = first;
    c.width = width;
    c.batch = width % 3 + 1;
    std::vector<uint8_t> x(static_cast<size_t>(c.batch * width * 6));
    for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<uint8_t>(i * i * 7 + i);
    const Value y = runner.Run({Value({c.batch, width, 6}, x), weights})[0];
    CHECK(y.dims == Dims{c.batch, c.OutWidth(), 7});
    const std::vector<int64_t> expected = Convolve(c, x, w, 5, 0);
    const std::vector<int32_t> got = y.To<int32_t>();
    for (size_t i = 0; i < got.size(); ++i) REQUIRE(got[i] == expected[i]);
  }
}

TEST_CASE("Int8Conv: what does not fit is refused") {
  const Argument w = Argument::Constant(Value({4, 2, 3, 3}, std::vector<int8_t>(72)));
  const auto refused = [&](std::initializer_list<std::pair<const char*, AttributeValue>> list, Dims x) {
    try {
      Attributes attributes = MakeAttributes(list);
      attributes.SetText("result", "int32");
      RunOperator("Int8Conv", std::move(attributes), {Value(x, std::vector<uint8_t>(x.Count())), w},
                  {DataType::kInt32});
    } catch (const EngineError& error) {
      return error.code;
    }
    return std::string();
  };
  CHECK(refused({}, {1, 5, 5, 2}) == "");
  CHECK(refused({}, {1, 5, 2, 2}) == "ERR_ENGINE_SHAPE");
  CHECK(refused({}, {1, 5, 5, 3}) == "ERR_ENGINE_SHAPE");
  CHECK(refused({}, {5, 5}) == "ERR_ENGINE_SHAPE");
  CHECK(refused({{"strides", List({1, 0})}}, {1, 5, 5, 2}) == "ERR_ENGINE_PROGRAM");
  CHECK(refused({{"pads", List({1, 1, 1})}}, {1, 5, 5, 2}) == "ERR_ENGINE_PROGRAM");
  CHECK(refused({{"pads", List({1 << 30, 1 << 30, 1 << 30, 1 << 30})}}, {1, 5, 5, 2}) == "ERR_ENGINE_SHAPE");
  CHECK(refused({{"group", 3}}, {1, 5, 5, 6}) == "ERR_ENGINE_PROGRAM");
  const Argument none = Argument::Constant(Value({0, 1, 3, 3}, std::vector<int8_t>()));
  CHECK_THROWS_AS(RunOperator("Int8Conv", MakeAttributes({{"group", 2}, {"result", "int32"}}),
                              {Value({1, 5, 5, 2}, std::vector<uint8_t>(50)), none}, {DataType::kInt32}),
                  EngineError);
}
