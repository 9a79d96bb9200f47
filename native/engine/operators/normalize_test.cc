#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "testing/cases.h"
#include "testing/run_operator.h"

using namespace gossamer;

namespace {

using Floats = std::vector<float>;

void CheckClose(const Floats& actual, const std::vector<double>& expected) {
  REQUIRE(actual.size() == expected.size());
  // Results of order 1 out of sums of a few hundred terms.
  for (size_t i = 0; i < actual.size(); ++i) REQUIRE(std::fabs(actual[i] - expected[i]) <= 2e-5);
}

struct Moments {
  double mean = 0, variance = 0;
};
template <class T>
Moments MomentsOf(const std::vector<T>& x, size_t first, size_t count) {
  Moments m;
  for (size_t i = 0; i < count; ++i) m.mean += x[first + i] / static_cast<double>(count);
  for (size_t i = 0; i < count; ++i) m.variance += std::pow(x[first + i] - m.mean, 2) / static_cast<double>(count);
  return m;
}

}  // namespace

TEST_CASE("Softmax and LogSoftmax along every axis") {
  const Dims dims = {3, 70, 5};
  const Floats x = NormalFloats(dims.Count(), 1, 3);
  for (int64_t axis : {-3, -2, -1, 0, 1, 2}) {
    const size_t a = static_cast<size_t>(axis < 0 ? axis + 3 : axis), size = static_cast<size_t>(dims[a]);
    const size_t inner = dims.Count(a + 1, 3);
    std::vector<double> soft(x.size()), logs(x.size());
    for (size_t i = 0; i < x.size(); ++i) {
      const size_t start = i / (size * inner) * size * inner + i % inner;
      double sum = 0;
      for (size_t r = 0; r < size; ++r) sum += std::exp(static_cast<double>(x[start + r * inner]));
      soft[i] = std::exp(static_cast<double>(x[i])) / sum;
      logs[i] = x[i] - std::log(sum);
    }
    const Attributes attributes = MakeAttributes({{"axis", axis}});
    CheckClose(RunOperator("Softmax", attributes, {Value(dims, x)}, {DataType::kFloat32})[0].To<float>(), soft);
    CheckClose(RunOperator("LogSoftmax", attributes, {Value(dims, x)}, {DataType::kFloat32})[0].To<float>(), logs);
  }
  const Value scalar({}, Floats{3}), empty({2, 0}, Floats{}), large({400, 300}, NormalFloats(120000, 2));
  CHECK(RunOperator("Softmax", {}, {scalar}, {DataType::kFloat32})[0].To<float>() == Floats{1});
  CHECK(RunOperator("Softmax", {}, {empty}, {DataType::kFloat32})[0].dims == Dims{2, 0});
  for (int axis : {0, 1}) {
    const Floats y =
        RunOperator("Softmax", MakeAttributes({{"axis", axis}}), {large}, {DataType::kFloat32})[0].To<float>();
    double sum = 0;
    for (float v : y) sum += v;
    CHECK(std::fabs(sum - (axis == 0 ? 300 : 400)) < 1e-3);
  }
  CHECK_THROWS_AS(RunOperator("Softmax", MakeAttributes({{"axis", 2}}), {empty}, {DataType::kFloat32}), EngineError);
}

TEST_CASE("LayerNormalization, with and without bias and the other outputs") {
  const Dims dims = {4, 3, 10};
  const Floats x = NormalFloats(120, 1, 2), scale = NormalFloats(30, 2), shift = NormalFloats(30, 3);
  std::vector<double> expected, means, reciprocals;
  for (size_t r = 0; r < 4; ++r) {
    const Moments m = MomentsOf(x, r * 30, 30);
    means.push_back(m.mean);
    reciprocals.push_back(1 / std::sqrt(m.variance + 1e-3));
    for (size_t c = 0; c < 30; ++c) {
      expected.push_back((x[r * 30 + c] - m.mean) * reciprocals.back() * scale[c] + shift[c]);
    }
  }
  const Attributes attributes = MakeAttributes({{"axis", 1}, {"epsilon", 1e-3}});
  const Value row({3, 10}, scale), bias({3, 10}, shift);
  const auto y = RunOperator("LayerNormalization", attributes, {Value(dims, x), row, bias},
                             {DataType::kFloat32, DataType::kFloat32, DataType::kFloat32});
  CheckClose(y[0].To<float>(), expected);
  CheckClose(y[1].To<float>(), means);
  CheckClose(y[2].To<float>(), reciprocals);
  CHECK(y[1].dims == Dims{4, 1, 1});
  const Floats plain =
      RunOperator("LayerNormalization", attributes, {Value(dims, x), row}, {DataType::kFloat32})[0].To<float>();
  for (size_t i = 0; i < expected.size(); ++i) expected[i] -= shift[i % 30];
  CheckClose(plain, expected);
  const Value wrong({3}, Floats(3));
  CHECK_THROWS_AS(RunOperator("LayerNormalization", {}, {Value(dims, x), wrong}, {DataType::kFloat32}), EngineError);
}

TEST_CASE("LayerNormalization: every output it gives is written, others are refused") {
  const std::vector<DataType> two(2, DataType::kFloat32), three(3, DataType::kFloat32);
  const Value row({3}, Floats(3, 1.0f)), none({0}, Floats());
  CHECK_THROWS_AS(RunOperator("RMSNormalization", Attributes(), {row, row}, two), EngineError);
  CHECK_THROWS_AS(RunOperator("SimplifiedLayerNormalization", Attributes(), {row, row}, three), EngineError);
  const auto results = RunOperator("LayerNormalization", Attributes(), {Value({2, 0}, Floats()), none}, three);
  for (size_t i : {1, 2}) {
    REQUIRE(results[i].dims == Dims{2, 1});
    for (float v : results[i].To<float>()) CHECK(std::isnan(v));  // of nothing
  }
}

TEST_CASE("SkipLayerNormalization and its simplified form") {
  const size_t cols = 40;
  const Floats x = NormalFloats(6 * cols, 1), skip = NormalFloats(3 * cols, 2), scale = NormalFloats(cols, 3),
               shift = NormalFloats(cols, 4), bias = NormalFloats(cols, 5);
  std::vector<double> sum, layer, rms;
  for (size_t i = 0; i < x.size(); ++i) sum.push_back(x[i] + skip[i % (3 * cols)] + bias[i % cols]);
  for (size_t i = 0; i < x.size(); ++i) {
    const Moments m = MomentsOf(sum, i / cols * cols, cols);
    layer.push_back((sum[i] - m.mean) / std::sqrt(m.variance + 1e-5) * scale[i % cols] + shift[i % cols]);
    rms.push_back(sum[i] / std::sqrt(m.variance + m.mean * m.mean + 1e-5) * scale[i % cols]);
  }
  const Attributes attributes = MakeAttributes({{"epsilon", 1e-5}});
  const Value vx({2, 3, 40}, x), vskip({3, 40}, skip), vscale({40}, scale), vshift({40}, shift), vbias({40}, bias);
  const std::vector<DataType> four(4, DataType::kFloat32);
  auto y = RunOperator("SkipLayerNormalization", attributes, {vx, vskip, vscale, vshift, vbias}, four);
  CheckClose(y[0].To<float>(), layer);
  CheckClose(y[3].To<float>(), sum);
  y = RunOperator("SkipLayerNormalization", attributes, {vx, vskip, vscale, vshift, vbias}, {DataType::kFloat32});
  CheckClose(y[0].To<float>(), layer);
  y = RunOperator("SkipSimplifiedLayerNormalization", attributes, {vx, vskip, vscale, vbias}, four);
  CheckClose(y[0].To<float>(), rms);
  CheckClose(y[3].To<float>(), sum);
  CHECK_THROWS_AS(RunOperator("SkipLayerNormalization", {}, {vx, Value({4, 40}, Floats(160)), vscale}, four),
                  EngineError);
  std::vector<double> own;
  for (size_t i = 0; i < x.size(); ++i) {
    const Moments m = MomentsOf(x, i / cols * cols, cols);
    own.push_back(x[i] / std::sqrt(m.variance + m.mean * m.mean + 1e-5) * scale[i % cols]);
  }
  CheckClose(RunOperator("RMSNormalization", {}, {vx, vscale}, {DataType::kFloat32})[0].To<float>(), own);
}

TEST_CASE("BatchNormalization, InstanceNormalization, GroupNormalization") {
  for (size_t inner : {1, 7, 300}) {
    const size_t batch = 2, channels = 6, count = batch * channels * inner;
    const Floats x = NormalFloats(count, 1, 2), scale = NormalFloats(channels, 2), shift = NormalFloats(channels, 3),
                 mean = NormalFloats(channels, 4);
    Floats variance = NormalFloats(channels, 5);
    for (float& v : variance) v = v * v + 0.5f;
    const Value vx({2, 6, static_cast<int64_t>(inner)}, x), vscale({6}, scale), vshift({6}, shift);
    const Value vmean({6}, mean), vvariance({6}, variance);
    std::vector<double> by_batch, instance, group;
    for (size_t i = 0; i < count; ++i) {
      const size_t c = i / inner % channels;
      by_batch.push_back((x[i] - mean[c]) / std::sqrt(variance[c] + 1e-5) * scale[c] + shift[c]);
      const Moments own = MomentsOf(x, i / inner * inner, inner);
      instance.push_back((x[i] - own.mean) / std::sqrt(own.variance + 1e-5) * scale[c] + shift[c]);
      const Moments of_group = MomentsOf(x, i / (3 * inner) * 3 * inner, 3 * inner);
      group.push_back((x[i] - of_group.mean) / std::sqrt(of_group.variance + 1e-5) * scale[c] + shift[c]);
    }
    const std::vector<DataType> one = {DataType::kFloat32};
    CheckClose(RunOperator("BatchNormalization", {}, {vx, vscale, vshift, vmean, vvariance}, one)[0].To<float>(),
               by_batch);
    CheckClose(RunOperator("GroupNormalization", MakeAttributes({{"num_groups", 2}}), {vx, vscale, vshift},
                           one)[0].To<float>(), group);
    if (inner == 1) continue;  // a variance of 0
    CheckClose(RunOperator("InstanceNormalization", {}, {vx, vscale, vshift}, one)[0].To<float>(), instance);
  }
  const Value x({2, 6, 2}, Floats(24)), four({4}, Floats(4)), six({6}, Floats(6));
  CHECK_THROWS_AS(RunOperator("InstanceNormalization", {}, {x, six, four}, {DataType::kFloat32}), EngineError);
  CHECK_THROWS_AS(RunOperator("GroupNormalization", MakeAttributes({{"num_groups", 4}}), {x, six, six},
                              {DataType::kFloat32}), EngineError);
}

TEST_CASE("LpNormalization, MeanVarianceNormalization, LRN") {
  const Dims dims = {2, 7, 3, 70};
  Floats x = NormalFloats(dims.Count(), 1, 2);
  const std::vector<DataType> one = {DataType::kFloat32};
  for (int axis : {1, 3, -2}) {
    for (int p : {1, 2}) {
      const size_t a = static_cast<size_t>(axis < 0 ? axis + 4 : axis), size = static_cast<size_t>(dims[a]);
      const size_t inner = dims.Count(a + 1, 4);
      std::vector<double> expected;
      for (size_t i = 0; i < x.size(); ++i) {
        double norm = 0;
        for (size_t r = 0; r < size; ++r) {
          const double v = x[i / (size * inner) * size * inner + i % inner + r * inner];
          norm += p == 1 ? std::fabs(v) : v * v;
        }
        expected.push_back(x[i] / (p == 1 ? norm : std::sqrt(norm)));
      }
      CheckClose(RunOperator("LpNormalization", MakeAttributes({{"axis", axis}, {"p", p}}), {Value(dims, x)},
                             one)[0].To<float>(), expected);
    }
  }
  CHECK(RunOperator("LpNormalization", {}, {Value({2}, Floats{0, 0})}, one)[0].To<float>() == Floats{0, 0});

  const size_t spatial = 210;
  std::vector<double> by_channel, local;
  for (size_t i = 0; i < x.size(); ++i) {
    const size_t n = i / (7 * spatial), c = i / spatial % 7, s = i % spatial;
    std::vector<double> members;
    for (size_t k = 0; k < 2 * spatial; ++k) members.push_back(x[(k / spatial * 7 + c) * spatial + k % spatial]);
    const Moments m = MomentsOf(members, 0, members.size());
    by_channel.push_back((x[i] - m.mean) / (std::sqrt(m.variance) + 1e-9));
    double sum = 0;
    for (size_t k = c < 1 ? 0 : c - 1; k <= std::min<size_t>(6, c + 2); ++k) {
      sum += std::pow(x[(n * 7 + k) * spatial + s], 2);
    }
    local.push_back(x[i] / std::pow(2 + 0.5 / 4 * sum, 0.75));
  }
  CheckClose(RunOperator("MeanVarianceNormalization", {}, {Value(dims, x)}, one)[0].To<float>(), by_channel);
  CheckClose(RunOperator("LRN", MakeAttributes({{"size", 4}, {"alpha", 0.5}, {"bias", 2}}), {Value(dims, x)},
                         one)[0].To<float>(), local);
}
