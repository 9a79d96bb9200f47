// MaxPoolNhwc, AveragePoolNhwc, Int8AveragePoolNhwc against loops over every tap.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "testing/cases.h"
#include "testing/run_operator.h"

using namespace gossamer;

namespace {

struct Window {
  Dims x;
  std::vector<double> kernel, strides, pads, dilations;
  int ceil, include;
  Attributes Of() const {
    return MakeAttributes({{"kernel_shape", kernel},
                           {"strides", strides},
                           {"pads", pads},
                           {"dilations", dilations},
                           {"ceil_mode", ceil},
                           {"count_include_pad", include}});
  }
};

const std::vector<Window> kWindows = {{{2, 8, 9, 5}, {3, 3}, {2, 2}, {1, 1, 1, 1}, {1, 1}, 0, 0},
                                      {{1, 7, 6, 33}, {2, 3}, {2, 1}, {0, 1, 1, 0}, {2, 1}, 1, 1},
                                      {{1, 5, 5, 600}, {5, 5}, {1, 1}, {0, 0, 0, 0}, {1, 1}, 0, 0},
                                      {{3, 40, 40, 64}, {3, 3}, {1, 1}, {1, 1, 1, 1}, {1, 1}, 0, 1},
                                      {{1, 4, 4, 3}, {2, 2}, {3, 3}, {0, 0, 0, 0}, {1, 1}, 1, 0}};

// Elements of the window at (b, oh, ow) of channel c; how many places, with padding, it has.
template <class T>
std::vector<T> Elements(const Window& w, const std::vector<T>& x, size_t b, int64_t oh, int64_t ow, int64_t c, int* padded) {
  std::vector<T> found;
  *padded = 0;
  const auto at = [](const std::vector<double>& v, size_t i) { return static_cast<int64_t>(v[i]); };
  for (int64_t i = 0; i < at(w.kernel, 0); ++i) {
    for (int64_t j = 0; j < at(w.kernel, 1); ++j) {
      const int64_t h = oh * at(w.strides, 0) + i * at(w.dilations, 0) - at(w.pads, 0);
      const int64_t v = ow * at(w.strides, 1) + j * at(w.dilations, 1) - at(w.pads, 1);
      *padded += h < w.x[1] + at(w.pads, 2) && v < w.x[2] + at(w.pads, 3);
      if (h < 0 || v < 0 || h >= w.x[1] || v >= w.x[2]) continue;
      found.push_back(x[static_cast<size_t>(((static_cast<int64_t>(b) * w.x[1] + h) * w.x[2] + v) * w.x[3] + c)]);
    }
  }
  return found;
}

template <class T, class Reduce>
void Check(const char* type, const Window& w, Attributes attributes, const std::vector<T>& x, const Reduce& reduce) {
  const Value y = RunOperator(type, std::move(attributes), {Value(w.x, x)}, {DataTypeOf<T>()})[0];
  const std::vector<T> values = y.To<T>();
  size_t wrong = 0, i = 0;
  for (size_t b = 0; b < static_cast<size_t>(y.dims[0]); ++b) {
    for (int64_t oh = 0; oh < y.dims[1]; ++oh) {
      for (int64_t ow = 0; ow < y.dims[2]; ++ow) {
        for (int64_t c = 0; c < y.dims[3]; ++c) {
          int padded = 0;
          const std::vector<T> all = Elements(w, x, b, oh, ow, c, &padded);
          wrong += values[i++] != reduce(all, w.include ? padded : static_cast<int>(all.size()));
        }
      }
    }
  }
  CHECK(wrong == 0);
}

}  // namespace

TEST_CASE("MaxPoolNhwc") {
  for (const Window& w : kWindows) {
    Check<float>("MaxPoolNhwc", w, w.Of(), NormalFloats(w.x.Count(), 3),
                 [](const std::vector<float>& all, int) { return *std::max_element(all.begin(), all.end()); });
    std::vector<uint8_t> bytes(w.x.Count());
    for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(i * 2654435761u >> 13);
    Check<uint8_t>("MaxPoolNhwc", w, w.Of(), bytes,
                   [](const std::vector<uint8_t>& all, int) { return *std::max_element(all.begin(), all.end()); });
  }
}

TEST_CASE("AveragePoolNhwc") {
  for (const Window& w : kWindows) {
    Check<float>("AveragePoolNhwc", w, w.Of(), NormalFloats(w.x.Count(), 3), [](const std::vector<float>& all, int count) {
      float sum = 0;
      for (float v : all) sum += v;
      return sum / static_cast<float>(count);
    });
  }
}

TEST_CASE("Int8AveragePoolNhwc") {
  for (const Window& w : kWindows) {
    Attributes attributes = w.Of();
    attributes.SetNumbers("x_scale", {0.25});
    attributes.SetNumbers("x_zero_point", {100});
    attributes.SetNumbers("y_scale", {0.5});
    attributes.SetNumbers("y_zero_point", {20});
    std::vector<uint8_t> bytes(w.x.Count());
    for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(i * 2654435761u >> 13);
    Check<uint8_t>("Int8AveragePoolNhwc", w, attributes, bytes, [](const std::vector<uint8_t>& all, int count) {
      int sum = 0;
      for (uint8_t v : all) sum += v - 100;
      const float q = std::nearbyint(static_cast<float>(sum) * (0.25f / (0.5f * static_cast<float>(count)))) + 20;
      return static_cast<uint8_t>(std::min(std::max(q, 0.0f), 255.0f));
    });
  }
}

TEST_CASE("pools over all of an image, over lines, with auto_pad") {
  std::vector<uint8_t> bytes(7 * 7 * 700);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(i * 2654435761u >> 13);
  const Value y = RunOperator("Int8AveragePoolNhwc", MakeAttributes({{"global", 1}}), {Value(Dims{1, 7, 7, 700}, bytes)},
                              {DataType::kUint8})[0];
  CHECK(y.dims == Dims{1, 1, 1, 700});
  size_t wrong = 0;
  for (size_t c = 0; c < 700; ++c) {
    int sum = 0;
    for (size_t i = 0; i < 49; ++i) sum += bytes[i * 700 + c];
    wrong += y.To<uint8_t>()[c] != static_cast<uint8_t>(std::nearbyint(static_cast<float>(sum) * (1.0f / 49.0f)));
  }
  CHECK(wrong == 0);
  const Value line(Dims{1, 5, 2}, std::vector<float>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
  CHECK(RunOperator("MaxPoolNhwc", MakeAttributes({{"kernel_shape", 2}, {"strides", 2}}), {line}, {DataType::kFloat32})[0]
            .To<float>() == std::vector<float>{3, 4, 7, 8});
  const Value same = RunOperator(
      "AveragePoolNhwc", MakeAttributes({{"kernel_shape", 2}, {"strides", 2}, {"auto_pad", "SAME_LOWER"}}), {line},
      {DataType::kFloat32})[0];
  CHECK(same.To<float>() == std::vector<float>{1, 2, 4, 5, 8, 9});
}

TEST_CASE("pools refuse what does not fit") {
  const Value x(Dims{1, 2, 2, 1}, std::vector<float>(4));
  const auto code = [&](Attributes attributes) -> std::string {
    try {
      RunOperator("MaxPoolNhwc", std::move(attributes), {x}, {DataType::kFloat32});
    } catch (const EngineError& error) {
      return error.code;
    }
    return "";
  };
  CHECK(code(MakeAttributes({{"kernel_shape", 2}})) == "ERR_ENGINE_SHAPE");
  CHECK(code(MakeAttributes({{"kernel_shape", std::vector<double>{2, 0}}})) == "ERR_ENGINE_SHAPE");
  CHECK(code(MakeAttributes({{"kernel_shape", std::vector<double>{2, 2}}, {"strides", std::vector<double>{1, -1}}})) ==
        "ERR_ENGINE_SHAPE");
  CHECK(code(MakeAttributes({{"kernel_shape", std::vector<double>{2, 2}}, {"auto_pad", "ALL"}})) == "ERR_ENGINE_PROGRAM");
  CHECK(code(MakeAttributes({{"kernel_shape", std::vector<double>{3, 3}}})).empty());  // no outputs
  CHECK(code(MakeAttributes({{"kernel_shape", std::vector<double>{2e9, 2e9}}, {"dilations", std::vector<double>{2e9, 2e9}}}))
            .empty());
}
