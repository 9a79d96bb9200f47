// Operators of training graphs that work along rows, against float64.
#include <algorithm>
#include <cmath>

#include "testing/cases.h"
#include "testing/operator_cases.h"

using namespace gossamer;

namespace {

using FloatList = std::vector<float>;
using Doubles = std::vector<double>;

void CheckWithin(const FloatList& actual, const Doubles& expected, double tolerance) {
  REQUIRE(actual.size() == expected.size());
  for (size_t i = 0; i < actual.size(); ++i) REQUIRE(std::fabs(actual[i] - expected[i]) <= tolerance);
}

// [N, C, d]: the log-probabilities along axis 1.
Doubles LogProb(const FloatList& x, size_t n, size_t classes, size_t d) {
  Doubles y(x.size());
  for (size_t i = 0; i < n * d; ++i) {
    const size_t first = i / d * classes * d + i % d;
    double largest = -INFINITY, sum = 0;
    for (size_t c = 0; c < classes; ++c) largest = std::max(largest, double{x[first + c * d]});
    for (size_t c = 0; c < classes; ++c) sum += std::exp(x[first + c * d] - largest);
    for (size_t c = 0; c < classes; ++c) y[first + c * d] = x[first + c * d] - largest - std::log(sum);
  }
  return y;
}

struct EntropyCase {
  size_t n, classes, d;
  double smoothing;
  float sigma;
};

std::vector<int64_t> Labels(size_t count, size_t classes) {
  std::vector<int64_t> labels(count);
  for (size_t i = 0; i < count; ++i) labels[i] = static_cast<int64_t>((i * 7 + 3) % classes);
  return labels;
}

}  // namespace

TEST_CASE("SoftmaxGrad and LogSoftmaxGrad along every axis") {
  const Dims dims = {3, 70, 5};
  const FloatList dy = NormalFloats(dims.Count(), 1), x = NormalFloats(dims.Count(), 2, 3);
  for (int64_t axis : {-3, -2, -1, 0, 1, 2}) {
    const size_t a = static_cast<size_t>(axis < 0 ? axis + 3 : axis), size = static_cast<size_t>(dims[a]);
    const size_t inner = dims.Count(a + 1, 3);
    for (bool log : {false, true}) {
      const Attributes attributes = MakeAttributes({{"axis", axis}});
      const FloatList y = Floats(log ? "LogSoftmax" : "Softmax", attributes, {Value(dims, x)});
      Doubles expected(y.size());
      for (size_t i = 0; i < y.size(); ++i) {
        const size_t first = i / (size * inner) * size * inner + i % inner;
        double sum = 0;
        for (size_t r = 0; r < size; ++r) {
          const size_t at = first + r * inner;
          sum += log ? dy[at] : double{dy[at]} * y[at];
        }
        expected[i] = log ? dy[i] - std::exp(double{y[i]}) * sum : y[i] * (dy[i] - sum);
      }
      // Sums of at most 70 terms of order 1, in float32.
      CheckWithin(Floats(log ? "LogSoftmaxGrad" : "SoftmaxGrad", attributes, {Value(dims, dy), Value(dims, y)}),
                  expected, 2e-5);
    }
  }
  const Value two({2}, FloatList{1, 2}), three({3}, FloatList{1, 2, 3}), scalar({}, FloatList{3});
  const Value empty({2, 0}, FloatList{});
  CHECK(Refusal("SoftmaxGrad", {}, {two, three}) == "ERR_ENGINE_SHAPE");
  CHECK(Refusal("SoftmaxGrad", MakeAttributes({{"axis", 1}}), {two, two}) == "ERR_ENGINE_SHAPE");
  CHECK(Floats("SoftmaxGrad", {}, {scalar, Value({}, FloatList{1})}) == FloatList{0});
  CHECK(DimsOf("SoftmaxGrad", {}, {empty, empty}) == Dims{2, 0});
}

TEST_CASE("LayerNormGrad: the adjoint of LayerNormalization, in blocks of rows") {
  for (size_t rows : {1, 4, 700}) {
    const auto n = static_cast<int64_t>(rows);
    const Dims dims = {n, 3, 50};
    const FloatList x = NormalFloats(rows * 150, 1, 2), dy = NormalFloats(rows * 150, 2), scale = NormalFloats(150, 3);
    const Attributes attributes = MakeAttributes({{"axis", 1}, {"epsilon", 1e-3}});
    const Value data(dims, x), factors({3, 50}, scale);
    const std::vector<DataType> three(3, DataType::kFloat32);
    const auto forward = RunOperator("LayerNormalization", attributes, {data, factors}, three);
    CHECK(forward[1].dims == Dims{n, 1, 1});
    const auto actual = RunOperator("LayerNormGrad", attributes,
                                    {Value(dims, dy), data, factors, forward[1], forward[2]}, three);
    CHECK(actual[1].dims == Dims{3, 50});
    Doubles dx(x.size()), dscale(150, 0.0), dbias(150, 0.0);
    for (size_t r = 0; r < rows; ++r) {
      double mean = 0, variance = 0, sum = 0, product = 0;
      for (size_t c = 0; c < 150; ++c) mean += x[r * 150 + c] / 150.0;
      for (size_t c = 0; c < 150; ++c) variance += std::pow(x[r * 150 + c] - mean, 2) / 150;
      const double inv_std = 1 / std::sqrt(variance + 1e-3);
      for (size_t c = 0; c < 150; ++c) {
        const double d = dy[r * 150 + c], h = (x[r * 150 + c] - mean) * inv_std;
        sum += d * scale[c] / 150;
        product += d * scale[c] * h / 150;
        dscale[c] += d * h;
        dbias[c] += d;
      }
      for (size_t c = 0; c < 150; ++c) {
        const double h = (x[r * 150 + c] - mean) * inv_std;
        dx[r * 150 + c] = inv_std * (dy[r * 150 + c] * scale[c] - sum - h * product);
      }
    }
    // Terms of order 1; 700 of them reach sums of 100 or so.
    CheckWithin(actual[0].To<float>(), dx, 2e-5);
    CheckWithin(actual[1].To<float>(), dscale, 2e-4);
    CheckWithin(actual[2].To<float>(), dbias, 2e-4);
  }
  const Value x({2, 3}, FloatList(6)), scale({3}, FloatList(3)), row({2, 1}, FloatList(2)), wrong({3, 1}, FloatList(3));
  CHECK(Refusal("LayerNormGrad", {}, {x, x, scale, row, wrong}) == "ERR_ENGINE_SHAPE");
  CHECK(Refusal("LayerNormGrad", {}, {x, x, row, row, row}) == "ERR_ENGINE_SHAPE");
  CHECK(Refusal("LayerNormGrad", {}, {scale, x, scale, row, row}) == "ERR_ENGINE_SHAPE");
}

TEST_CASE("SoftmaxCrossEntropy and its gradient") {
  for (const EntropyCase& c : {EntropyCase{5, 10, 1, 0, 1}, EntropyCase{300, 100, 1, 0.1, 1},
                               EntropyCase{2, 7, 90, 0, 3},
                               EntropyCase{3, 5, 33, 0.25, 1}, EntropyCase{4, 3, 1, 0, 1e4f},
                               EntropyCase{4, 1, 2, 0.5, 1}}) {
    const size_t positions = c.n * c.d;
    const auto n = static_cast<int64_t>(c.n), classes = static_cast<int64_t>(c.classes), d = static_cast<int64_t>(c.d);
    const Dims dims = c.d == 1 ? Dims{n, classes} : Dims{n, classes, d};
    const Dims of_positions = c.d == 1 ? Dims{n} : Dims{n, d};
    const FloatList x = NormalFloats(positions * c.classes, 1, c.sigma);
    FloatList weights = NormalFloats(positions, 2);
    for (size_t i = 0; i < positions; ++i) weights[i] = i % 4 == 3 ? 0 : std::fabs(weights[i]);
    const std::vector<int64_t> labels = Labels(positions, c.classes);
    const Doubles log_prob = LogProb(x, c.n, c.classes, c.d);
    double total = 0, loss = 0;
    for (float w : weights) total += w;
    Doubles dx(x.size());
    for (size_t i = 0; i < positions; ++i) {
      const size_t first = i / c.d * c.classes * c.d + i % c.d;
      for (size_t k = 0; k < c.classes; ++k) {
        const double target = (static_cast<int64_t>(k) == labels[i] ? 1 - c.smoothing : 0) +
                              c.smoothing / static_cast<double>(c.classes);
        loss -= weights[i] * (target == 0 ? 0 : target * log_prob[first + k * c.d]) / total;
        dx[first + k * c.d] = 3 * weights[i] / total * (std::exp(log_prob[first + k * c.d]) - target);
      }
    }
    const Attributes attributes = MakeAttributes({{"label_smoothing", c.smoothing}});
    const Value y(of_positions, labels), w(of_positions, weights);
    const auto actual = RunOperator("SoftmaxCrossEntropy", attributes, {Value(dims, x), y, w},
                                    {DataType::kFloat32, DataType::kFloat32});
    CHECK(actual[0].dims == Dims{});
    CHECK(std::fabs(actual[0].To<float>()[0] - loss) <= 4e-6 * std::fabs(loss) + 1e-7);
    CheckWithin(actual[1].To<float>(), log_prob, 4e-7 * (20 + 6 * double{c.sigma}));
    CHECK(RunOperator("SoftmaxCrossEntropy", attributes, {Value(dims, x), y, w}, {DataType::kFloat32})[0].bytes ==
          actual[0].bytes);
    // Relative to the largest gradient, 3 * weight / total.
    CheckWithin(Floats("SoftmaxCrossEntropyGrad", attributes, {Value({}, FloatList{3}), actual[1], y, w}), dx,
                5e-6 * 3 * 3 / total);
  }
}

TEST_CASE("SoftmaxCrossEntropy: weights of nothing but 0, labels that are none, shapes that do not fit") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Value x({2, 3}, FloatList{1, 2, 3, nan, nan, nan}), labels({2}, std::vector<int64_t>{0, 2});
  const Value none({2}, FloatList{0, 0}), first({2}, FloatList{2, 0}), one({}, FloatList{1});
  CHECK(Floats("SoftmaxCrossEntropy", {}, {x, labels, none}) == FloatList{0});
  for (float dloss : {1.0f, 65536.0f}) {  // the latter over the least total of weights is no float
    CHECK(Floats("SoftmaxCrossEntropyGrad", {}, {Value({}, FloatList{dloss}), x, labels, none}) == FloatList(6, 0.0f));
  }
  CHECK(std::fabs(Floats("SoftmaxCrossEntropy", {}, {x, labels, first})[0] - 2.4076059) < 1e-6);
  for (int64_t label : {int64_t{-1}, int64_t{3}, std::numeric_limits<int64_t>::min()}) {
    const Value wrong({2}, std::vector<int64_t>{0, label});
    CHECK(Refusal("SoftmaxCrossEntropy", {}, {x, wrong, first}) == "ERR_ENGINE_VALUE");
    CHECK(Refusal("SoftmaxCrossEntropyGrad", {}, {one, x, wrong, first}) == "ERR_ENGINE_VALUE");
  }
  const Value three({3}, std::vector<int64_t>{0, 1, 2});
  CHECK(Refusal("SoftmaxCrossEntropy", {}, {x, three, first}) == "ERR_ENGINE_SHAPE");
  CHECK(Refusal("SoftmaxCrossEntropy", {}, {x, labels, one}) == "ERR_ENGINE_SHAPE");
  CHECK(Refusal("SoftmaxCrossEntropyGrad", {}, {first, x, labels, first}) == "ERR_ENGINE_SHAPE");
  CHECK(Refusal("SoftmaxCrossEntropy", MakeAttributes({{"label_smoothing", 1.5}}), {x, labels, first}) ==
        "ERR_ENGINE_PROGRAM");
}

TEST_CASE("ActivationGrad: names, defaults and bounds") {
  const Value dy({4}, FloatList{1, 2, 3, 4}), v({4}, FloatList{-2, 0, 0.5f, 7});
  const auto grad = [&](const Attributes& attributes) { return Floats("ActivationGrad", attributes, {dy, v}); };
  CHECK(grad(MakeAttributes({{"activation", "relu"}})) == FloatList{0, 0, 3, 4});
  CHECK(grad(MakeAttributes({{"activation", "clip"}})) == FloatList{1, 2, 3, 4});
  CHECK(grad(MakeAttributes({{"activation", "clip"}, {"activation_alpha", 0}, {"activation_beta", 6}})) ==
        FloatList{0, 2, 3, 0});
  CHECK(grad(MakeAttributes({{"activation", "leaky"}})) == FloatList{0.01f, 0.02f, 3, 4});
  CHECK(grad(MakeAttributes({{"activation", "hard_sigmoid"}})) == FloatList{0.2f, 0.4f, 0.6f, 0});
  for (const char* name :
       {"sigmoid", "tanh", "gelu", "gelu_tanh", "silu", "hard_swish", "elu", "softplus", "mish", "erf"}) {
    CHECK(grad(MakeAttributes({{"activation", name}})).size() == 4);
  }
  CHECK(Refusal("ActivationGrad", MakeAttributes({{"activation", "none"}}), {dy, v}) == "ERR_ENGINE_PROGRAM");
  CHECK(Refusal("ActivationGrad", MakeAttributes({{"activation", "relu"}}), {dy, Value({2, 2}, FloatList(4))}) ==
        "ERR_ENGINE_SHAPE");
}

TEST_CASE("GatherGrad: repeated and negative indices, in their order, along any axis") {
  for (int64_t width : {1, 3, 40}) {
    for (size_t picked : {0, 5, 3000}) {
      const int64_t size = 70, outer = 2;
      const Dims dims = {outer, static_cast<int64_t>(picked), width};
      const FloatList dy = NormalFloats(dims.Count(), 1);
      std::vector<int64_t> indices(picked);
      for (size_t i = 0; i < picked; ++i) indices[i] = static_cast<int64_t>(i * i * 31 % 140) - 70;
      FloatList expected(static_cast<size_t>(outer * size * width), 0.0f);
      const auto columns = static_cast<size_t>(width);
      for (size_t o = 0; o < 2; ++o) {
        for (size_t i = 0; i < picked; ++i) {
          const auto row = static_cast<size_t>(indices[i] < 0 ? indices[i] + size : indices[i]);
          for (size_t c = 0; c < columns; ++c) {
            expected[(o * 70 + row) * columns + c] += dy[(o * picked + i) * columns + c];
          }
        }
      }
      const Attributes attributes = MakeAttributes({{"axis", 1}, {"size", size}});
      CHECK(Floats("GatherGrad", attributes, {Value(dims, dy), Longs(indices)}) == expected);
    }
  }
  const Attributes rows = MakeAttributes({{"axis", 0}, {"size", 3}});
  CHECK(Floats("GatherGrad", rows, {Value({2}, FloatList{5, 7}), Value({}, std::vector<int32_t>{-1})}) ==
        FloatList{0, 0, 0, 0, 5, 7});
  CHECK(Refusal("GatherGrad", rows, {Value({1, 2}, FloatList{5, 7}), Longs({3})}) == "ERR_ENGINE_VALUE");
  CHECK(Refusal("GatherGrad", rows, {Value({1, 2}, FloatList{5, 7}), Longs({-4})}) == "ERR_ENGINE_VALUE");
  CHECK(Refusal("GatherGrad", rows, {Value({1, 2}, FloatList{5, 7}), Longs({0, 1})}) == "ERR_ENGINE_SHAPE");
  CHECK(Refusal("GatherGrad", rows, {Value({}, FloatList{5}), Longs({0})}) == "ERR_ENGINE_SHAPE");
  CHECK(Refusal("GatherGrad", {}, {Value({1, 2}, FloatList{5, 7}), Longs({0})}) == "ERR_ENGINE_PROGRAM");
}
