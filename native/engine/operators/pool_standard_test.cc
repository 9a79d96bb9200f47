// The pools of the standard, against those over NHWC and against the examples of the standard; NonMaxSuppression.
#include <cmath>

#include "testing/cases.h"
#include "testing/operator_cases.h"

using namespace gossamer;

namespace {

Value FiveByFive() {
  std::vector<float> x(25);
  for (size_t i = 0; i < 25; ++i) x[i] = static_cast<float>(i + 1);
  return Value(Dims{1, 1, 5, 5}, x);
}

using Doubles = std::vector<double>;

}  // namespace

TEST_CASE("MaxPool and AveragePool equal the pools over NHWC") {
  const size_t channels = 6, pixels = 63;
  const std::vector<float> x = NormalFloats(2 * channels * pixels, 4);
  std::vector<float> last(x.size());
  for (size_t i = 0; i < x.size(); ++i) last[(i / pixels / channels * pixels + i % pixels) * channels + i / pixels % channels] = x[i];
  for (int ceil : {0, 1}) {
    for (int include : {0, 1}) {
      const Attributes attributes = MakeAttributes({{"kernel_shape", Doubles{3, 2}}, {"strides", Doubles{2, 2}}, {"pads", Doubles{1, 0, 1, 1}},
                                                    {"dilations", Doubles{1, 2}}, {"ceil_mode", ceil}, {"count_include_pad", include}});
      for (const char* op : {"MaxPool", "AveragePool"}) {
        const Value a = RunOperator(op, attributes, {Value(Dims{2, 6, 9, 7}, x)}, {DataType::kFloat32})[0];
        const Value b = RunOperator((std::string(op) + "Nhwc").c_str(), attributes, {Value(Dims{2, 9, 7, 6}, last)}, {DataType::kFloat32})[0];
        const std::vector<float> first = a.To<float>(), second = b.To<float>();
        const size_t size = a.dims.Count(2, 4);
        CHECK(b.dims == Dims{2, a.dims[2], a.dims[3], 6});
        bool same = true;
        for (size_t i = 0; i < first.size(); ++i) {
          same = same && first[i] == second[(i / size / channels * size + i % size) * channels + i / size % channels];
        }
        CHECK(same);
      }
    }
  }
}

TEST_CASE("MaxPool: indices by row and by column; NaN; bytes; three axes") {
  for (int order : {0, 1}) {
    const std::vector<Value> y = RunOperator(
        "MaxPool", MakeAttributes({{"kernel_shape", Doubles{2, 2}}, {"strides", Doubles{2, 2}}, {"storage_order", order}}),
        {FiveByFive()}, {DataType::kFloat32, DataType::kInt64});
    CHECK(y[0].To<float>() == std::vector<float>{7, 9, 17, 19});
    CHECK(y[1].To<int64_t>() == (order ? std::vector<int64_t>{6, 16, 8, 18} : std::vector<int64_t>{6, 8, 16, 18}));
  }
  const Value nan(Dims{1, 1, 3}, std::vector<float>{1, NAN, 2});
  CHECK(std::isnan(Floats("GlobalMaxPool", {}, {nan})[0]));
  const Value bytes(Dims{1, 1, 4}, std::vector<int8_t>{-5, -7, -128, -100});
  CHECK(RunOperator("MaxPool", MakeAttributes({{"kernel_shape", 2}, {"strides", 2}}), {bytes}, {DataType::kInt8})[0].To<int8_t>() ==
        std::vector<int8_t>{-5, -100});
  CHECK(Floats("MaxPool", MakeAttributes({{"kernel_shape", Doubles{2, 2, 2}}}), {Numbered({1, 1, 2, 3, 3})}) ==
        std::vector<float>{13, 14, 16, 17});
}

TEST_CASE("MaxPool: windows over nothing but padding") {
  const std::vector<Value> y = RunOperator(
      "MaxPool", MakeAttributes({{"kernel_shape", Doubles{2, 1}}, {"pads", Doubles{1, 0, 1, 0}}, {"storage_order", 1}}),
      {Value(Dims{1, 1, 0, 2}, std::vector<float>{})}, {DataType::kFloat32, DataType::kInt64});
  CHECK(y[0].To<float>() == std::vector<float>{-INFINITY, -INFINITY});
  CHECK(y[1].To<int64_t>() == std::vector<int64_t>{0, 0});
}

TEST_CASE("LpPool and global pools") {
  CHECK(Floats("LpPool", MakeAttributes({{"kernel_shape", 2}, {"p", 1}}), {Value(Dims{1, 1, 3}, std::vector<float>{1, -2, 3})}) ==
        std::vector<float>{3, 5});
  CHECK(Floats("GlobalLpPool", {}, {Value(Dims{1, 1, 2}, std::vector<float>{3, -4})}) == std::vector<float>{5});
  CHECK(Floats("GlobalAveragePool", {}, {Numbered({2, 1, 2, 2})}) == std::vector<float>{1.5f, 5.5f});
  CHECK(DimsOf("GlobalMaxPool", {}, {Numbered({2, 3, 4, 5, 6})}) == Dims{2, 3, 1, 1, 1});
  CHECK(Refusal("GlobalMaxPool", {}, {Numbered({2, 3})}) == "ERR_ENGINE_SHAPE");
}

TEST_CASE("MaxPool of an image without elements has places, too") {
  const Attributes attributes = MakeAttributes({{"kernel_shape", std::vector<double>{1, 1}},
                                                {"pads", std::vector<double>{1, 0, 0, 0}},
                                                {"storage_order", 1}});
  const std::vector<Value> y = RunOperator("MaxPool", attributes, {Value({1, 1, 0, 2}, std::vector<float>{})},
                                           {DataType::kFloat32, DataType::kInt64});
  CHECK(y[0].dims == Dims{1, 1, 1, 2});
  CHECK(y[1].To<int64_t>() == std::vector<int64_t>{0, 0});
}

TEST_CASE("NonMaxSuppression") {
  const Value boxes(Dims{1, 6, 4}, std::vector<float>{0, 0, 1, 1, 0, 0.1f, 1, 1.1f, 0, -0.1f, 1, 0.9f,
                                                      0, 10, 1, 11, 0, 10.1f, 1, 11.1f, 0, 100, 1, 101});
  const Value scores(Dims{1, 1, 6}, std::vector<float>{0.9f, 0.75f, 0.6f, 0.95f, 0.5f, 0.3f});
  const auto run = [&](int64_t most, float overlap, float least) {
    return RunOperator("NonMaxSuppression", {},
                       {boxes, scores, Longs({most}), Value(Dims{1}, std::vector<float>{overlap}), Value(Dims{1}, std::vector<float>{least})},
                       {DataType::kInt64})[0]
        .To<int64_t>();
  };
  CHECK(run(3, 0.5f, 0) == std::vector<int64_t>{0, 0, 3, 0, 0, 0, 0, 0, 5});
  CHECK(run(2, 0.5f, 0) == std::vector<int64_t>{0, 0, 3, 0, 0, 0});
  CHECK(run(3, 0.5f, 0.4f) == std::vector<int64_t>{0, 0, 3, 0, 0, 0});
  CHECK(run(0, 0.5f, 0).empty());
  CHECK(run(30, 1, -1).size() == 18);
  const Value none(Dims{1, 0, 4}, std::vector<float>{}), classes(Dims{1, int64_t{1} << 50, 0}, std::vector<float>{});
  CHECK(RunOperator("NonMaxSuppression", {}, {none, classes, Longs({1})}, {DataType::kInt64})[0].dims == Dims{0, 3});
  CHECK(Refusal("NonMaxSuppression", {}, {boxes, Numbered({1, 1, 5})}) == "ERR_ENGINE_TYPE");  // its output is int64
}
