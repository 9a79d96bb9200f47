// MaxPoolGradNhwc and AveragePoolGradNhwc against loops over every tap.
#include <doctest/doctest.h>

#include <cmath>

#include "testing/cases.h"
#include "testing/run_operator.h"

using namespace gossamer;

namespace {

struct Window {
  Dims x;  // [B, H, W, C]
  std::vector<double> kernel, strides, pads, dilations;
  int ceil, include;
  Attributes Of() const {
    Attributes attributes = MakeAttributes({{"kernel_shape", kernel},
                                            {"strides", strides},
                                            {"pads", pads},
                                            {"dilations", dilations},
                                            {"ceil_mode", ceil},
                                            {"count_include_pad", include}});
    return attributes;
  }
  int64_t At(const std::vector<double>& v, size_t i) const { return static_cast<int64_t>(v[i]); }
};

const std::vector<Window> kWindows = {{{2, 9, 7, 70}, {2, 3}, {2, 3}, {1, 1, 0, 1}, {1, 1}, 1, 0},
                                      {{1, 9, 11, 65}, {2, 3}, {2, 3}, {0, 0, 0, 0}, {1, 1}, 0, 1},
                                      {{5, 8, 8, 20}, {2, 2}, {2, 2}, {0, 0, 0, 0}, {1, 1}, 0, 0},
                                      {{2, 8, 9, 5}, {3, 3}, {2, 2}, {1, 1, 1, 1}, {1, 1}, 0, 0},
                                      {{1, 7, 6, 33}, {2, 3}, {2, 1}, {0, 1, 1, 0}, {2, 1}, 1, 1},
                                      {{1, 5, 5, 600}, {5, 5}, {1, 1}, {0, 0, 0, 0}, {1, 1}, 0, 0},
                                      {{3, 40, 40, 64}, {3, 3}, {1, 1}, {1, 1, 1, 1}, {1, 1}, 0, 1},
                                      {{1, 4, 4, 3}, {2, 2}, {3, 3}, {0, 0, 0, 0}, {1, 1}, 1, 0},
                                      {{2, 9, 9, 130}, {2, 2}, {4, 4}, {0, 0, 0, 0}, {2, 2}, 0, 1}};

// Calls body(index in y, indices in x of its window, places of the window inside x and its pads).
template <class Body>
void ForWindows(const Window& w, const Dims& y, const Body& body) {
  size_t at = 0;
  for (int64_t b = 0; b < y[0]; ++b) {
    for (int64_t oh = 0; oh < y[1]; ++oh) {
      for (int64_t ow = 0; ow < y[2]; ++ow) {
        for (int64_t c = 0; c < y[3]; ++c) {
          std::vector<size_t> inside;
          int padded = 0;
          for (int64_t i = 0; i < w.At(w.kernel, 0); ++i) {
            for (int64_t j = 0; j < w.At(w.kernel, 1); ++j) {
              const int64_t h = oh * w.At(w.strides, 0) + i * w.At(w.dilations, 0) - w.At(w.pads, 0);
              const int64_t v = ow * w.At(w.strides, 1) + j * w.At(w.dilations, 1) - w.At(w.pads, 1);
              padded += h < w.x[1] + w.At(w.pads, 2) && v < w.x[2] + w.At(w.pads, 3);
              if (h < 0 || v < 0 || h >= w.x[1] || v >= w.x[2]) continue;
              inside.push_back(static_cast<size_t>(((b * w.x[1] + h) * w.x[2] + v) * w.x[3] + c));
            }
          }
          body(at++, inside, padded);
        }
      }
    }
  }
}

}  // namespace

TEST_CASE("MaxPoolGradNhwc") {
  for (const Window& w : kWindows) {
    std::vector<float> x = NormalFloats(w.x.Count(), 3);
    for (float& v : x) v = std::floor(v * 2);  // windows with several maxima
    const Value pooled = RunOperator("MaxPoolNhwc", w.Of(), {Value(w.x, x)}, {DataType::kFloat32})[0];
    const std::vector<float> y = pooled.To<float>(), dy = NormalFloats(y.size(), 4);
    const Value result = RunOperator("MaxPoolGradNhwc", w.Of(), {Value(pooled.dims, dy), Value(w.x, x), pooled},
                                     {DataType::kFloat32})[0];
    CHECK(result.dims == w.x);
    std::vector<float> expected(x.size());
    ForWindows(w, pooled.dims, [&](size_t at, const std::vector<size_t>& inside, int) {
      for (size_t i : inside) {
        if (x[i] != y[at]) continue;
        expected[i] += dy[at];
        break;
      }
    });
    CHECK(SameBits(result.To<float>(), expected));
  }
}

TEST_CASE("AveragePoolGradNhwc") {
  for (const Window& w : kWindows) {
    const Value pooled =
        RunOperator("AveragePoolNhwc", w.Of(), {Value(w.x, NormalFloats(w.x.Count(), 3))}, {DataType::kFloat32})[0];
    const std::vector<float> dy = NormalFloats(pooled.dims.Count(), 4);
    Attributes attributes = w.Of();
    attributes.SetNumbers("input_shape", {static_cast<double>(w.x[1]), static_cast<double>(w.x[2])});
    const Value result =
        RunOperator("AveragePoolGradNhwc", attributes, {Value(pooled.dims, dy)}, {DataType::kFloat32})[0];
    CHECK(result.dims == w.x);
    std::vector<float> expected(w.x.Count());
    ForWindows(w, pooled.dims, [&](size_t at, const std::vector<size_t>& inside, int padded) {
      const float count = static_cast<float>(w.include ? padded : static_cast<int>(inside.size()));
      for (size_t i : inside) expected[i] += dy[at] / count;
    });
    CHECK(SameBits(result.To<float>(), expected));
  }
}

TEST_CASE("gradients of pools over lines, and what they refuse") {
  const Value x(Dims{2, 6, 3}, NormalFloats(36, 1));
  const Attributes window = MakeAttributes({{"kernel_shape", 2}, {"strides", 2}, {"input_shape", 6}});
  const Value y = RunOperator("MaxPoolNhwc", window, {x}, {DataType::kFloat32})[0];
  const Value dy(y.dims, NormalFloats(18, 2));
  const std::vector<float> xs = x.To<float>(), dys = dy.To<float>();
  std::vector<float> largest(36), average(36);
  for (size_t i = 0; i < 18; ++i) {
    const size_t first = i / 3 * 6 + i % 3;
    largest[xs[first] >= xs[first + 3] ? first : first + 3] = dys[i];
    average[first] = average[first + 3] = dys[i] / 2;
  }
  CHECK(RunOperator("MaxPoolGradNhwc", window, {dy, x, y}, {DataType::kFloat32})[0].To<float>() == largest);
  CHECK(RunOperator("AveragePoolGradNhwc", window, {dy}, {DataType::kFloat32})[0].To<float>() == average);
  CHECK_THROWS_AS(RunOperator("MaxPoolGradNhwc", window, {x, x, y}, {DataType::kFloat32}), EngineError);
  CHECK_THROWS_AS(RunOperator("MaxPoolGradNhwc", window, {dy, x, x}, {DataType::kFloat32}), EngineError);
  CHECK_THROWS_AS(RunOperator("AveragePoolGradNhwc", window, {x}, {DataType::kFloat32}), EngineError);
  const Attributes plane = MakeAttributes({{"kernel_shape", 2}, {"input_shape", std::vector<double>{6, 6}}});
  CHECK_THROWS_AS(RunOperator("AveragePoolGradNhwc", plane, {dy}, {DataType::kFloat32}), EngineError);
}
