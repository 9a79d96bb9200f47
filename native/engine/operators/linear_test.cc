#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "testing/cases.h"
#include "testing/run_operator.h"

using namespace gossamer;

namespace {

const std::vector<DataType> kFloat = {DataType::kFloat32};

}  // namespace

TEST_CASE("Linear: x * w + bias + residual, both layouts of w, constant or not, one row and many") {
  for (size_t rows : {size_t{0}, size_t{1}, size_t{6}, size_t{500}}) {
    for (bool transposed : {false, true}) {
      const size_t k = 70, n = 90;
      const std::vector<float> x = NormalFloats(rows * k, 1), w = NormalFloats(k * n, 2), bias = NormalFloats(n, 3);
      const std::vector<float> residual = NormalFloats(rows * n, 4);
      const auto m = static_cast<int64_t>(rows);
      const Dims w_dims = transposed ? Dims{90, 70} : Dims{70, 90};
      const Attributes attributes = MakeAttributes({{"trans_b", transposed ? 1 : 0}, {"activation", "relu"}});
      const Value data({m, 1, 70}, x), rest({m, 1, 90}, residual), weights(w_dims, w), row({90}, bias);
      const Value y = RunOperator("Linear", attributes,
                                  {data, Argument::Constant(weights), Argument::Constant(row), rest}, kFloat)[0];
      CHECK(RunOperator("Linear", attributes, {data, weights, row, rest}, kFloat)[0].bytes == y.bytes);
      CHECK(y.dims == Dims{m, 1, 90});
      const std::vector<float> values = y.To<float>();
      for (size_t i = 0; i < rows * n; ++i) {
        double sum = static_cast<double>(bias[i % n]) + residual[i], magnitude = std::fabs(sum);
        for (size_t j = 0; j < k; ++j) {
          const float weight = transposed ? w[i % n * k + j] : w[j * n + i % n];
          sum += static_cast<double>(x[i / n * k + j]) * weight;
          magnitude += std::fabs(static_cast<double>(x[i / n * k + j]) * weight);
        }
        REQUIRE(std::fabs(values[i] - std::fmax(sum, 0)) <= 72 * 6e-8 * magnitude);  // k + 2 roundings of partial sums
      }
    }
  }
}

TEST_CASE("Linear: large and thin products are split into tiles that change nothing") {
  for (auto [rows, k, n] : {std::array<int64_t, 3>{1, 2000, 700}, {1000, 33, 130}, {9, 3000, 65}}) {
    const std::vector<float> x = NormalFloats(static_cast<size_t>(rows * k), 1);
    const std::vector<float> w = NormalFloats(static_cast<size_t>(k * n), 2);
    const Value data({rows, k}, x), weights({k, n}, w);
    const Value constant = RunOperator("Linear", {}, {data, Argument::Constant(weights)}, kFloat)[0];
    CHECK(RunOperator("Linear", {}, {data, weights}, kFloat)[0].bytes == constant.bytes);
    const std::vector<float> y = constant.To<float>();
    for (int64_t i = 0; i < rows * n; i += 7) {
      float sum = 0;  // the kernel's own order: equal bit for bit
      for (int64_t j = 0; j < k; ++j) {
        sum = std::fma(x[static_cast<size_t>(i / n * k + j)], w[static_cast<size_t>(j * n + i % n)], sum);
      }
      REQUIRE(y[static_cast<size_t>(i)] == sum);
    }
  }
}

TEST_CASE("Linear with factors rounded to bfloat16, where the CPU has that") {
  const std::vector<float> x = NormalFloats(50 * 40, 1), w = NormalFloats(40 * 70, 2);
  const Argument weights = Argument::Constant(Value({40, 70}, w));
  const Attributes attributes = MakeAttributes({{"precision", "bf16"}});
  const std::vector<float> y = RunOperator("Linear", attributes, {Value({50, 40}, x), weights}, kFloat)[0].To<float>();
  for (size_t i = 0; i < y.size(); ++i) {
    double sum = 0, magnitude = 0;
    for (size_t j = 0; j < 40; ++j) {
      sum += static_cast<double>(x[i / 70 * 40 + j]) * w[j * 70 + i % 70];
      magnitude += std::fabs(static_cast<double>(x[i / 70 * 40 + j]) * w[j * 70 + i % 70]);
    }
    REQUIRE(std::fabs(y[i] - sum) <= 0.0079 * magnitude);  // each factor is off by at most 2^-8
  }
  CHECK_THROWS_AS(RunOperator("Linear", MakeAttributes({{"precision", "int3"}}), {Value({50, 40}, x), weights}, kFloat),
                  EngineError);
}

TEST_CASE("Linear refuses what does not fit") {
  const Value x({2, 3}, NormalFloats(6, 1)), w({3, 4}, NormalFloats(12, 2));
  const Argument constant = Argument::Constant(w);
  const Value cube({1, 3, 4}, NormalFloats(12, 2)), four({4, 3}, NormalFloats(12, 2));
  CHECK_THROWS_AS(RunOperator("Linear", {}, {x, cube}, kFloat), EngineError);
  CHECK_THROWS_AS(RunOperator("Linear", {}, {x, Argument::Constant(cube)}, kFloat), EngineError);
  CHECK_THROWS_AS(RunOperator("Linear", {}, {x, four}, kFloat), EngineError);
  CHECK_THROWS_AS(RunOperator("Linear", {}, {x, w, Value({3}, NormalFloats(3, 1))}, kFloat), EngineError);
  CHECK_THROWS_AS(RunOperator("Linear", {}, {Value({}, std::vector<float>{1}), w}, kFloat), EngineError);
  CHECK_THROWS_AS(RunOperator("Linear", MakeAttributes({{"trans_b", 1}}), {x, constant}, kFloat), EngineError);
  CHECK_THROWS_AS(RunOperator("Linear", {}, {Value({}, std::vector<float>{1}), constant}, kFloat), EngineError);
  CHECK_THROWS_AS(RunOperator("Linear", {}, {x, constant, Value({3}, NormalFloats(3, 1))}, kFloat), EngineError);
  CHECK_THROWS_AS(RunOperator("Linear", {}, {x, constant, Argument::None(), Value({4, 2}, NormalFloats(8, 1))}, kFloat),
                  EngineError);
  CHECK_THROWS_AS(RunOperator("Linear", {}, {x, constant}, {DataType::kInt32}), EngineError);
}
