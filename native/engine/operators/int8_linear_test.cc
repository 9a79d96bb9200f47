#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "testing/cases.h"
#include "testing/random_bytes.h"
#include "testing/run_operator.h"

using namespace gossamer;

namespace {

double Clip(double v, double low, double high) { return std::min(std::max(v, low), high); }

// sum (x - zx) (w - zw), w being [K, N] of T.
template <class T>
std::vector<int64_t> Products(const std::vector<uint8_t>& x, const std::vector<T>& w, size_t rows, size_t depth,
                              size_t outputs, int64_t zx, const std::vector<double>& zw) {
  std::vector<int64_t> sums(rows * outputs);
  for (size_t m = 0; m < rows; ++m) {
    for (size_t n = 0; n < outputs; ++n) {
      const int64_t zero = static_cast<int64_t>(zw.empty() ? 0 : zw[zw.size() == 1 ? 0 : n]);
      for (size_t k = 0; k < depth; ++k) sums[m * outputs + n] += (x[m * depth + k] - zx) * (w[k * outputs + n] - zero);
    }
  }
  return sums;
}

template <class T>
std::vector<T> As(const std::vector<uint8_t>& bytes) {
  std::vector<T> values;
  for (uint8_t byte : bytes) values.push_back(static_cast<T>(byte));
  return values;
}

}  // namespace

TEST_CASE("Int8Linear: int32 results, every type and layout of weights, zero points on both sides") {
  struct Case {
    int64_t batch, rows, depth, outputs;
  };
  for (const Case& c : {Case{1, 1, 70, 33}, Case{2, 5, 64, 130}, Case{3, 100, 19, 64}, Case{1, 7, 1, 1},
                        Case{1, 0, 8, 8}, Case{1, 3, 0, 5}}) {
    const size_t rows = static_cast<size_t>(c.batch * c.rows), depth = static_cast<size_t>(c.depth);
    const size_t outputs = static_cast<size_t>(c.outputs);
    const std::vector<uint8_t> x = RandomBytes(rows * depth, 1), w = RandomBytes(depth * outputs, 2);
    std::vector<int32_t> bias(outputs);
    for (size_t n = 0; n < outputs; ++n) bias[n] = static_cast<int32_t>(n * 1000) - 5000;
    for (int kind = 0; kind < 6; ++kind) {
      const bool is_uint8 = kind % 2 == 1, transposed = kind >= 2;
      std::vector<double> zeros;
      if (kind == 2) zeros = {-3};
      if (kind == 3) zeros = {130};
      for (size_t n = 0; kind >= 4 && n < outputs; ++n) zeros.push_back(is_uint8 ? 100 + n % 50 : -20 + double(n % 40));
      if (kind >= 4 && outputs == 1) zeros.resize(1);
      std::vector<uint8_t> stored = w;
      for (size_t k = 0; transposed && k < depth; ++k) {
        for (size_t n = 0; n < outputs; ++n) stored[n * depth + k] = w[k * outputs + n];
      }
      const Dims dims = transposed ? Dims{c.outputs, c.depth} : Dims{c.depth, c.outputs};
      const Value weights = is_uint8 ? Value(dims, stored) : Value(dims, As<int8_t>(stored));
      std::vector<int64_t> expected = is_uint8 ? Products(x, w, rows, depth, outputs, 77, zeros)
                                               : Products(x, As<int8_t>(w), rows, depth, outputs, 77, zeros);
      Attributes attributes =
          MakeAttributes({{"result", "int32"}, {"trans_b", transposed ? 1 : 0}, {"x_zero_point", 77}});
      if (!zeros.empty()) attributes.SetNumbers("w_zero_points", zeros);
      const std::vector<Value> y = RunOperator("Int8Linear", attributes,
                                               {Value({c.batch, c.rows, c.depth}, x), Argument::Constant(weights),
                                                Argument::Constant(Value({c.outputs}, bias))},
                                               {DataType::kInt32});
      CHECK(y[0].dims == Dims{c.batch, c.rows, c.outputs});
      const std::vector<int32_t> got = y[0].To<int32_t>();
      for (size_t i = 0; i < got.size(); ++i) REQUIRE(got[i] == expected[i] + bias[i % outputs]);
    }
  }
}

TEST_CASE("Int8Linear: quantized results, with and without a residual") {
  const size_t rows = 9, depth = 50, outputs = 70;
  const std::vector<uint8_t> x = RandomBytes(rows * depth, 3), w = RandomBytes(depth * outputs, 4);
  const std::vector<uint8_t> residual = RandomBytes(rows * outputs, 5);
  std::vector<double> scales(outputs);
  for (size_t n = 0; n < outputs; ++n) scales[n] = static_cast<float>(0.0005 + 0.00003 * static_cast<double>(n));
  const std::vector<int64_t> sums = Products(x, As<int8_t>(w), rows, depth, outputs, 12, {});
  for (bool has_residual : {false, true}) {
    Attributes attributes = MakeAttributes({{"x_zero_point", 12},
                                            {"scales", scales},
                                            {"y_zero_point", 90},
                                            {"low", 60},
                                            {"high", 200},
                                            {"own_ratio", 0.5},
                                            {"residual_ratio", 1.25},
                                            {"residual_zero_point", 128},
                                            {"sum_zero_point", 100},
                                            {"sum_low", 20},
                                            {"sum_high", 255}});
    std::vector<Argument> arguments = {Value({9, 50}, x), Argument::Constant(Value({50, 70}, As<int8_t>(w)))};
    if (has_residual) arguments.push_back(Argument::None());
    if (has_residual) arguments.push_back(Value({9, 70}, residual));
    const std::vector<uint8_t> y =
        RunOperator("Int8Linear", attributes, arguments, {DataType::kUint8})[0].To<uint8_t>();
    for (size_t i = 0; i < y.size(); ++i) {
      const float product = static_cast<float>(sums[i]) * static_cast<float>(scales[i % outputs]);
      double expected = Clip(std::nearbyint(product) + 90.0, 60, 200);
      if (has_residual) {
        expected = Clip(std::nearbyint((expected - 90) * 0.5 + (residual[i] - 128.0) * 1.25) + 100, 20, 255);
      }
      REQUIRE(static_cast<double>(y[i]) == expected);
    }
  }
}

TEST_CASE("Int8Linear: float results with the scale and zero point of x from inputs, offset, activation, residual") {
  const size_t rows = 4, depth = 33, outputs = 20;
  const std::vector<uint8_t> x = RandomBytes(rows * depth, 6), w = RandomBytes(depth * outputs, 7);
  const std::vector<float> offset = NormalFloats(outputs, 8), residual = NormalFloats(rows * outputs, 9);
  OperatorRunner runner(
      "Int8Linear",
      MakeAttributes({{"result", "float"}, {"scales", 0.0078125}, {"w_zero_points", 120}, {"activation", "relu"}}),
      {Value({4, 33}, x), Argument::Constant(Value({33, 20}, w)), Argument::None(), Value({4, 20}, residual),
       Value({}, std::vector<float>{1}), Value({1}, std::vector<uint8_t>{0}), Argument::Constant(Value({20}, offset))},
      {DataType::kFloat32});
  for (uint8_t zero : {0, 3, 255}) {
    const float x_scale = 0.01f * static_cast<float>(zero + 1);
    const std::vector<int64_t> sums = Products(x, w, rows, depth, outputs, zero, {120});
    const std::vector<float> y = runner
                                     .Run({Value({4, 33}, x), Value({33, 20}, w), Argument::None(),
                                           Value({4, 20}, residual), Value({}, std::vector<float>{x_scale}),
                                           Value({1}, std::vector<uint8_t>{zero}), Value({20}, offset)})[0]
                                     .To<float>();
    for (size_t i = 0; i < y.size(); ++i) {
      const float v = std::fma(static_cast<float>(sums[i]), x_scale * 0.0078125f, offset[i % outputs]);
      REQUIRE(y[i] == std::max(v, 0.0f) + residual[i]);
    }
  }
}

TEST_CASE("Int8Linear: a scale beyond int32 saturates the right way") {
  const std::vector<uint8_t> x = {255, 0, 0, 255};
  const std::vector<int8_t> w = {127, -128};
  const std::vector<uint8_t> y =
      RunOperator("Int8Linear", MakeAttributes({{"scales", 1e30}, {"y_zero_point", 9}}),
                  {Value({4, 1}, x), Argument::Constant(Value({1, 2}, w))}, {DataType::kUint8})[0]
          .To<uint8_t>();
  CHECK(y == std::vector<uint8_t>{255, 0, 9, 9, 9, 9, 255, 0});
}

TEST_CASE("Int8Linear: what does not fit is refused") {
  const Argument x = Value({2, 4}, std::vector<uint8_t>(8)),
                 w = Argument::Constant(Value({4, 3}, std::vector<int8_t>(12)));
  const auto refused = [&](Attributes attributes, std::vector<Argument> arguments, DataType type) {
    try {
      RunOperator("Int8Linear", std::move(attributes), arguments, {type});
    } catch (const EngineError& error) {
      return error.code;
    }
    return std::string();
  };
  const Attributes plain = MakeAttributes({{"scales", 1}});
  CHECK(refused(plain, {x, w}, DataType::kUint8) == "");
  CHECK(refused(plain, {Value({2, 5}, std::vector<uint8_t>(10)), w}, DataType::kUint8) == "ERR_ENGINE_SHAPE");
  CHECK(refused(plain, {Value({}, std::vector<uint8_t>(1)), w}, DataType::kUint8) == "ERR_ENGINE_SHAPE");
  CHECK(refused(plain, {x, w}, DataType::kInt32) == "ERR_ENGINE_TYPE");
  CHECK(refused(plain, {Value({2, 4}, std::vector<int8_t>(8)), w}, DataType::kUint8) == "ERR_ENGINE_TYPE");
  CHECK(refused(plain, {x, Value({4, 3}, std::vector<int8_t>(12))}, DataType::kUint8) == "ERR_ENGINE_PROGRAM");
  CHECK(refused(MakeAttributes({{"scales", std::vector<double>{1, 2}}}), {x, w}, DataType::kUint8) ==
        "ERR_ENGINE_PROGRAM");
  CHECK(refused(MakeAttributes({{"scales", NAN}}), {x, w}, DataType::kUint8) == "ERR_ENGINE_PROGRAM");
  CHECK(refused(MakeAttributes({{"scales", 1}, {"low", 300}}), {x, w}, DataType::kUint8) == "ERR_ENGINE_PROGRAM");
  CHECK(refused(MakeAttributes({{"scales", 1}, {"w_zero_points", 200}}), {x, w}, DataType::kUint8) ==
        "ERR_ENGINE_PROGRAM");
  CHECK(refused(plain, {x, w, Argument::Constant(Value({2}, std::vector<int32_t>(2)))}, DataType::kUint8) ==
        "ERR_ENGINE_SHAPE");
  CHECK(refused(plain, {x, w, Argument::None(), Value({3, 2}, std::vector<uint8_t>(6))}, DataType::kUint8) ==
        "ERR_ENGINE_SHAPE");
}
