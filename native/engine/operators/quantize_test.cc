#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "testing/cases.h"
#include "testing/random_bytes.h"
#include "testing/run_operator.h"

using namespace gossamer;

namespace {

using Bytes = std::vector<uint8_t>;
using Floats = std::vector<float>;

double Clamped(double v) { return std::min(std::max(v, 0.0), 255.0); }

// Which scale belongs to element i of dims: by an axis and blocks along it (0: one a position).
size_t Parameter(const Dims& dims, size_t axis, size_t block, size_t i) {
  const size_t inner = dims.Count(axis + 1, dims.Rank()), size = static_cast<size_t>(dims[axis]);
  const size_t a = i / inner % size;
  if (block == 0) return a;
  const size_t blocks = (size + block - 1) / block;
  return (i / inner / size * blocks + a / block) * inner + i % inner;
}

}  // namespace

TEST_CASE("QuantizeLinear and DequantizeLinear: a tensor, an axis, blocks") {
  const Dims dims = {4, 10, 3};
  const Floats x = AwkwardFloats(dims.Count(), 1);
  for (int64_t axis : {0, 1, 2, -2}) {
    const size_t a = static_cast<size_t>(axis < 0 ? axis + 3 : axis);
    for (size_t block : {0, 1, 4}) {
      Dims parameters = {dims[a]};
      if (block != 0) {
        parameters = Dims();
        for (size_t d = 0; d < 3; ++d) {
          const int64_t step = static_cast<int64_t>(block);
          parameters.Append(d == a ? (dims[d] + step - 1) / step : dims[d]);
        }
      }
      Floats scales = NormalFloats(parameters.Count(), 2);
      for (float& s : scales) s = std::fabs(s) + 0.1f;
      const Bytes zero_points = RandomBytes(scales.size(), 3);
      const Value scale(parameters, scales), zero_point(parameters, zero_points);
      const Attributes attributes = MakeAttributes({{"axis", axis}, {"block_size", block}});
      const Value q = RunOperator("QuantizeLinear", attributes, {Value(dims, x), scale, zero_point},
                                  {DataType::kUint8})[0];
      const Value back = RunOperator("DequantizeLinear", attributes, {q, scale, zero_point}, {DataType::kFloat32})[0];
      for (size_t i = 0; i < x.size(); ++i) {
        const size_t p = Parameter(dims, a, block, i);
        const double expected = std::isnan(x[i]) ? 0 : Clamped(std::nearbyint(x[i] / scales[p]) + zero_points[p]);
        REQUIRE(q.bytes[i] == expected);
        REQUIRE(back.To<float>()[i] == static_cast<float>(q.bytes[i] - zero_points[p]) * scales[p]);
      }
    }
  }
  const Value one({}, Floats{0.5f}), signed_zero({}, std::vector<int8_t>{-3});
  const Value v({4}, Floats{0.25f, 0.75f, -100, 100});
  CHECK(RunOperator("QuantizeLinear", {}, {v, one, signed_zero}, {DataType::kInt8})[0].To<int8_t>() ==
        std::vector<int8_t>{-3, -1, -128, 127});
  CHECK(RunOperator("QuantizeLinear", {}, {v, one}, {DataType::kUint8})[0].bytes == Bytes{0, 2, 0, 200});
  const Value wide_zero({}, std::vector<uint16_t>{40000}), short_zero({}, std::vector<int16_t>{-7});
  const Value wide = RunOperator("QuantizeLinear", {}, {v, one, wide_zero}, {DataType::kUint16})[0];
  CHECK(wide.To<uint16_t>() == std::vector<uint16_t>{40000, 40002, 39800, 40200});
  CHECK(RunOperator("DequantizeLinear", {}, {wide, one, wide_zero}, {DataType::kFloat32})[0].To<float>() ==
        Floats{0, 1, -100, 100});
  const Value far({2}, Floats{1e9f, -1e9f});
  CHECK(RunOperator("QuantizeLinear", {}, {far, one, short_zero}, {DataType::kInt16})[0].To<int16_t>() ==
        std::vector<int16_t>{32767, -32768});
  const Value sums({2}, std::vector<int32_t>{-7, 1 << 30}), two({2}, Floats{0.5f, 2});
  CHECK(RunOperator("DequantizeLinear", MakeAttributes({{"axis", 0}}), {sums, two}, {DataType::kFloat32})[0]
            .To<float>() == Floats{-3.5f, 2147483648.0f});
  CHECK_THROWS_AS(RunOperator("QuantizeLinear", MakeAttributes({{"axis", 0}}), {v, two}, {DataType::kUint8}),
                  EngineError);
  CHECK_THROWS_AS(RunOperator("QuantizeLinear", {}, {v, one, two}, {DataType::kUint8}), EngineError);
}

TEST_CASE("Int8Binary adds, subtracts and multiplies what the codes stand for") {
  const Bytes a = RandomBytes(60, 1), b = RandomBytes(12, 2);
  for (const char* operation : {"add", "sub", "mul"}) {
    const Attributes attributes =
        MakeAttributes({{"operation", operation}, {"a_scale", 0.5}, {"a_zero_point", 100}, {"b_scale", 0.25},
                        {"b_zero_point", 128}, {"y_scale", 0.75}, {"y_zero_point", 90}, {"low", 90}});
    const Value y =
        RunOperator("Int8Binary", attributes, {Value({5, 3, 4}, a), Value({3, 4}, b)}, {DataType::kUint8})[0];
    for (size_t i = 0; i < a.size(); ++i) {
      const double real_a = 0.5 * (a[i] - 100), real_b = 0.25 * (b[i % 12] - 128);
      const std::string name = operation;
      const double real = name == "add" ? real_a + real_b : name == "sub" ? real_a - real_b : real_a * real_b;
      // A tie in the real numbers may go either way.
      CHECK(std::fabs(y.bytes[i] - std::max(90.0, Clamped(real / 0.75 + 90))) <= 0.5001);
    }
  }
  const Value x({1}, RandomBytes(1, 4));
  CHECK_THROWS_AS(RunOperator("Int8Binary", MakeAttributes({{"operation", "add"}}), {x, x}, {DataType::kUint8}),
                  EngineError);
}

TEST_CASE("Int8Table and Int8Concat") {
  std::vector<double> table(256);
  for (size_t i = 0; i < 256; ++i) table[i] = static_cast<double>(255 - i);
  const Bytes x = RandomBytes(70000, 1);
  const Value y =
      RunOperator("Int8Table", MakeAttributes({{"table", table}}), {Value({70000}, x)}, {DataType::kUint8})[0];
  for (size_t i = 0; i < x.size(); ++i) REQUIRE(y.bytes[i] == 255 - x[i]);

  const Bytes a = RandomBytes(2 * 3 * 5, 1), b = RandomBytes(2 * 1 * 5, 2), c = RandomBytes(2 * 4 * 5, 3);
  const Attributes attributes = MakeAttributes({{"axis", -2}, {"scales", std::vector<double>{0.5, 1, 0.25}},
                                                {"zero_points", std::vector<double>{128, 3, 0}},
                                                {"y_scale", 0.5}, {"y_zero_point", 128}});
  const std::vector<Argument> parts = {Value({2, 3, 5}, a), Value({2, 1, 5}, b), Value({2, 4, 5}, c)};
  const Value joined = RunOperator("Int8Concat", attributes, parts, {DataType::kUint8})[0];
  CHECK(joined.dims == Dims{2, 8, 5});
  for (size_t i = 0; i < 80; ++i) {
    const size_t o = i / 40, r = i % 40;
    double expected;
    if (r < 15) {
      expected = a[o * 15 + r];
    } else if (r < 20) {
      expected = Clamped((b[o * 5 + r - 15] - 3) * 2.0 + 128);
    } else {
      expected = Clamped(std::nearbyint(c[o * 20 + r - 20] * 0.5) + 128);
    }
    REQUIRE(joined.bytes[i] == expected);
  }
  CHECK_THROWS_AS(RunOperator("Int8Concat", attributes, {Value({2, 5}, b), Value({2, 1, 5}, b), Value({2, 4, 5}, c)},
                              {DataType::kUint8}), EngineError);
}
