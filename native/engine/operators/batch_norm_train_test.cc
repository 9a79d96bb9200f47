// BatchNormTrainNhwc, BatchNormGradNhwc and BiasGrad against float64.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "testing/cases.h"
#include "testing/run_operator.h"

using namespace gossamer;

namespace {

constexpr double kEpsilon = 1e-3;
const char* const kActivations[] = {"none", "relu", "clip"};

Attributes AttributesOf(const char* activation) {
  return MakeAttributes({{"epsilon", kEpsilon},
                         {"activation", activation},
                         {"activation_alpha", -0.25},
                         {"activation_beta", 0.75}});
}
double Activated(const std::string& activation, double v) {
  if (activation == "relu") return std::max(v, 0.0);
  return activation == "clip" ? std::min(std::max(v, -0.25), 0.75) : v;
}
bool Passes(const std::string& activation, float y) {
  if (activation == "relu") return y > 0;
  return activation != "clip" || (-0.25f < y && y < 0.75f);
}

// Few channels (rows are folded, and some are left over), as many as a vector has, many, more than a tile has; one row.
const Dims kShapes[] = {{70, 3},        {1000, 1},    {130, 33},        {5, 7, 20},      {4, 9, 9, 16}, {2, 5, 5, 65},
                        {3, 40, 50, 6}, {1, 1, 1, 5}, {2, 60, 60, 128}, {9, 2, 3, 2500}, {6, 1}};

std::vector<float> Shifted(std::vector<float> x, size_t channels, double offset) {
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(x[i] + offset * (1 + static_cast<double>(i % channels)));
  return x;
}

struct Statistics {
  std::vector<double> mean, variance;
};
Statistics StatisticsOf(const std::vector<float>& x, size_t channels) {
  const double rows = static_cast<double>(x.size() / channels);
  Statistics all{std::vector<double>(channels), std::vector<double>(channels)};
  for (size_t i = 0; i < x.size(); ++i) all.mean[i % channels] += x[i] / rows;
  for (size_t i = 0; i < x.size(); ++i) all.variance[i % channels] += std::pow(x[i] - all.mean[i % channels], 2) / rows;
  return all;
}

constexpr double kUlp = 0x1p-24;

}  // namespace

TEST_CASE("BatchNormTrainNhwc equals float64, wherever the mean lies") {
  for (const Dims& dims : kShapes) {
    CAPTURE(dims.Text());
    const size_t channels = static_cast<size_t>(dims[dims.Rank() - 1]), count = dims.Count();
    const std::vector<float> scale = NormalFloats(channels, 2), bias = NormalFloats(channels, 3);
    const std::vector<float> residual = NormalFloats(count, 4);
    for (double offset : {0.0, 1e4}) {
      const bool summed = offset == 0;
      const std::vector<float> x = Shifted(NormalFloats(count, 1), channels, offset);
      const Statistics exact = StatisticsOf(x, channels);
      const Value vector(Dims{static_cast<int64_t>(channels)}, scale);
      for (const char* activation : kActivations) {
        std::vector<Argument> arguments = {Value(dims, x), vector, Value(vector.dims, bias)};
        if (summed) arguments.push_back(Value(dims, residual));
        const std::vector<Value> results = RunOperator("BatchNormTrainNhwc", AttributesOf(activation), arguments,
                                                       std::vector<DataType>(4, DataType::kFloat32));
        CHECK(results[0].dims == dims);
        const std::vector<float> y = results[0].To<float>(), mean = results[1].To<float>(),
                                 variance = results[2].To<float>(), inv_std = results[3].To<float>();
        std::vector<double> factors(channels);
        for (size_t c = 0; c < channels; ++c) {
          CHECK(results[1].dims == vector.dims);
          const double m = std::fabs(exact.mean[c]);
          REQUIRE(std::fabs(mean[c] - exact.mean[c]) <= (m + 64) * kUlp);
          // Deviations from a block's float32 mean, which is off by up to e; see ColumnMomentsF32's test.
          const double deviation = 6 + 64 * kUlp * m, bound = 66 * deviation * deviation * kUlp;
          REQUIRE(std::fabs(variance[c] - exact.variance[c]) <= bound);
          factors[c] = 1 / std::sqrt(exact.variance[c] + static_cast<double>(static_cast<float>(kEpsilon)));
          // d(1/sqrt(v)) = -dv / (2 v^1.5).
          REQUIRE(std::fabs(inv_std[c] - factors[c]) <= factors[c] * kUlp + bound * std::pow(factors[c], 3));
        }
        for (size_t i = 0; i < count; ++i) {
          const size_t c = i % channels;
          const double more = summed ? static_cast<double>(residual[i]) : 0.0;
          const double v = (x[i] - exact.mean[c]) * factors[c] * scale[c] + bias[c] + more;
          // x - mean is rounded once, and so are the factor (off as inv_std), the bias, their sum, that with the residual.
          const double m = std::fabs(exact.mean[c]), deviation = 6 + 64 * kUlp * m;
          const double relative = 4 * kUlp + 66 * deviation * deviation * kUlp * std::pow(factors[c], 2);
          const double bound = (12 * factors[c] * std::fabs(scale[c]) + std::fabs(bias[c]) + std::fabs(more)) * relative +
                               64 * deviation * kUlp * factors[c] * std::fabs(scale[c]);
          REQUIRE(std::fabs(y[i] - Activated(activation, v)) <= bound);
        }
      }
    }
  }
}

TEST_CASE("BatchNormGradNhwc equals float64") {
  for (const Dims& dims : kShapes) {
    CAPTURE(dims.Text());
    const size_t channels = static_cast<size_t>(dims[dims.Rank() - 1]), count = dims.Count();
    const double rows = static_cast<double>(count / channels);
    const Dims vector{static_cast<int64_t>(channels)};
    const std::vector<float> x = Shifted(NormalFloats(count, 1), channels, 10), dy = NormalFloats(count, 2),
                             y = NormalFloats(count, 3), scale = NormalFloats(channels, 4);
    const Statistics exact = StatisticsOf(x, channels);
    std::vector<float> mean(channels), inv_std(channels);
    for (size_t c = 0; c < channels; ++c) {
      mean[c] = static_cast<float>(exact.mean[c]);
      inv_std[c] = static_cast<float>(1 / std::sqrt(exact.variance[c] + kEpsilon));
    }
    for (const std::string activation : kActivations) {
      std::vector<Argument> arguments = {Value(dims, dy),      Value(dims, x),         Value(vector, scale),
                                         Value(vector, mean),  Value(vector, inv_std)};
      if (activation != "none") arguments.push_back(Value(dims, y));
      const std::vector<Value> results = RunOperator("BatchNormGradNhwc", AttributesOf(activation.c_str()), arguments,
                                                     std::vector<DataType>(3, DataType::kFloat32));
      const std::vector<float> dx = results[0].To<float>(), dscale = results[1].To<float>(), dbias = results[2].To<float>();
      std::vector<double> sums(channels), products(channels);
      const auto g = [&](size_t i) { return Passes(activation, y[i]) ? static_cast<double>(dy[i]) : 0.0; };
      const auto xhat = [&](size_t i) { return (static_cast<double>(x[i]) - mean[i % channels]) * inv_std[i % channels]; };
      for (size_t i = 0; i < count; ++i) {
        sums[i % channels] += g(i);
        products[i % channels] += g(i) * xhat(i);
      }
      for (size_t c = 0; c < channels; ++c) {
        // 63 roundings of sums within a block of 64: terms below 6, and 6 * 6 * inv_std for products.
        const double block = 63 * 64 * kUlp * (rows / 64 + 1);
        REQUIRE(std::fabs(dbias[c] - sums[c]) <= block * 6 + std::fabs(sums[c]) * kUlp);
        REQUIRE(std::fabs(dscale[c] - products[c]) <= block * 36 * inv_std[c] + std::fabs(products[c]) * kUlp);
      }
      for (size_t i = 0; i < count; ++i) {
        const size_t c = i % channels;
        const double factor = static_cast<double>(scale[c]) * inv_std[c];
        const double expected = factor * (g(i) - sums[c] / rows - xhat(i) * products[c] / rows);
        // Roundings of the four terms, and of the sums (as above, divided by the rows).
        const double terms = 6 + std::fabs(sums[c] / rows) + std::fabs(xhat(i) * products[c] / rows);
        const double block = 63 * 2 * kUlp * (6 + 36 * inv_std[c] * std::fabs(xhat(i)));
        REQUIRE(std::fabs(dx[i] - expected) <= std::fabs(factor) * (terms * 4 * kUlp + 64 * block));
      }
    }
  }
}

TEST_CASE("BatchNormTrainNhwc and its gradient refuse what does not fit") {
  const Value x(Dims{4, 3}, NormalFloats(12, 1)), three(Dims{3}, NormalFloats(3, 2)), four(Dims{4}, NormalFloats(4, 2));
  const std::vector<DataType> one = {DataType::kFloat32};
  CHECK_THROWS_AS(RunOperator("BatchNormTrainNhwc", {}, {x, three, four}, one), EngineError);
  CHECK_THROWS_AS(RunOperator("BatchNormTrainNhwc", {}, {three, three, three}, one), EngineError);
  CHECK_THROWS_AS(RunOperator("BatchNormTrainNhwc", {}, {x, three, three, three}, one), EngineError);
  CHECK_THROWS_AS(RunOperator("BatchNormTrainNhwc", MakeAttributes({{"activation", "tanh"}}), {x, three, three}, one),
                  EngineError);
  CHECK_THROWS_AS(RunOperator("BatchNormGradNhwc", MakeAttributes({{"activation", "relu"}}), {x, x, three, three, three}, one),
                  EngineError);
  CHECK_THROWS_AS(RunOperator("BatchNormGradNhwc", {}, {three, x, three, three, three}, one), EngineError);
}

TEST_CASE("BatchNormTrainNhwc of no rows has statistics all the same") {
  const Value none(Dims{0, 3}, std::vector<float>()), three(Dims{3}, NormalFloats(3, 2));
  const std::vector<Value> results =
      RunOperator("BatchNormTrainNhwc", {}, {none, three, three}, std::vector<DataType>(4, DataType::kFloat32));
  CHECK(results[1].To<float>() == std::vector<float>(3));
  CHECK(results[2].To<float>() == std::vector<float>(3));
}

TEST_CASE("BiasGrad equals float64, along every axis") {
  for (const Dims& dims : {Dims{7}, Dims{70, 3}, Dims{1000, 33}, Dims{3, 5, 9000}, Dims{2, 6, 30, 31}, Dims{4, 50, 60, 20},
                           Dims{0, 3, 2}}) {
    const std::vector<float> dy = NormalFloats(dims.Count(), 1);
    for (size_t axis = 0; axis < dims.Rank(); ++axis) {
      CAPTURE(dims.Text());
      CAPTURE(axis);
      const Value result =
          RunOperator("BiasGrad", MakeAttributes({{"axis", axis}}), {Value(dims, dy)}, {DataType::kFloat32})[0];
      const size_t size = static_cast<size_t>(dims[axis]), inner = dims.Count(axis + 1, dims.Rank());
      REQUIRE(result.dims == Dims{dims[axis]});
      std::vector<double> sums(size);
      for (size_t i = 0; i < dy.size(); ++i) sums[i / inner % size] += dy[i];
      const std::vector<float> db = result.To<float>();
      for (size_t c = 0; c < size; ++c) {
        // Pieces of at most 4096 floats in 64 parts: 64 + 6 roundings of sums below 64 * 6, in each of 64 parts.
        const double pieces = static_cast<double>(dims.Count() / std::max<size_t>(size, 1)) / 64 + 1;
        REQUIRE(std::fabs(db[c] - sums[c]) <= (64 * 64 * 6 * pieces + std::fabs(sums[c])) * kUlp);
      }
    }
  }
}
