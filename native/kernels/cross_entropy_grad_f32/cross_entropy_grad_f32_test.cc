#include "kernels/cross_entropy_grad_f32/cross_entropy_grad_f32.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "kernels/softmax_f32/softmax_f32.h"
#include "testing/cases.h"
#include "testing/guarded.h"

using namespace gossamer;

namespace {

std::vector<int64_t> Labels(size_t count, size_t classes, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<int64_t> labels(count);
  for (int64_t& label : labels) label = static_cast<int64_t>(random() % classes);
  return labels;
}

// Every third factor is 0.
std::vector<float> Factors(size_t count, unsigned seed) {
  std::vector<float> factors = NormalFloats(count, seed);
  for (size_t i = 2; i < count; i += 3) factors[i] = 0;
  return factors;
}

}  // namespace

// exp has 1 unit of its value and half a unit of |log_prob| beside it, below 90 where p is not 0; p <= 1.
TEST_CASE("CrossEntropyGradF32: the definition equals float64") {
  for (float smoothing : {0.0f, 0.1f, 1.0f}) {
    for (size_t classes : AwkwardLengths()) {
      if (classes == 0) continue;
      const unsigned seed = static_cast<unsigned>(classes);
      const size_t rows = 5;
      std::vector<float> log_prob = NormalFloats(rows * classes, seed, 5);
      SoftmaxF32Scalar(Softmax::kLog, log_prob.data(), rows, classes, log_prob.data());
      const std::vector<int64_t> labels = Labels(rows, classes, seed);
      const std::vector<float> factors = Factors(rows, seed);
      std::vector<float> dx(log_prob.size());
      CrossEntropyGradF32Scalar({labels.data(), factors.data(), smoothing}, log_prob.data(), rows, classes, dx.data());
      for (size_t i = 0; i < dx.size(); ++i) {
        const size_t r = i / classes;
        const double share = double{smoothing} / static_cast<double>(classes);
        const bool is_label = static_cast<int64_t>(i % classes) == labels[r];
        const double target = share + (is_label ? 1.0 - smoothing : 0.0);
        const double expected = factors[r] * (std::exp(double{log_prob[i]}) - target);
        REQUIRE(std::fabs(dx[i] - expected) <= 4 * 0x1p-24 * std::fabs(factors[r]));
      }
    }
  }
}

TEST_CASE("CrossEntropyGradF32: without loss where a label is nearly certain") {
  const std::vector<float> log_prob = {-1e-10f, -23.0258509f};
  const std::vector<int64_t> labels = {0};
  const std::vector<float> factors = {1};
  std::vector<float> dx(2);
  CrossEntropyGradF32()({labels.data(), factors.data(), 0}, log_prob.data(), 1, 2, dx.data());
  CHECK(std::fabs(dx[0] + 1e-10) < 1e-16);
  CHECK(std::fabs(dx[1] - 1e-10) < 1e-15);
}

TEST_CASE("CrossEntropyGradF32: a position of factor 0 gets zeros whatever it holds") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> log_prob = {nan, -1, nan, -1};
  const std::vector<int64_t> labels = {0, 1};
  const std::vector<float> factors = {0, 0};
  std::vector<float> dx(4, 1.0f), columns(4, 1.0f);
  CrossEntropyGradF32()({labels.data(), factors.data(), 0.1f}, log_prob.data(), 2, 2, dx.data());
  CrossEntropyGradColumnsF32()({labels.data(), factors.data(), 0.1f}, log_prob.data(), 2, 2, 2, columns.data());
  CHECK(dx == std::vector<float>(4, 0.0f));
  CHECK(columns == std::vector<float>(4, 0.0f));
}

TEST_CASE("CrossEntropyGradF32: every variant equals the definition, in place and apart") {
  const size_t rows = 5;
  for (const auto& variant : Runnable(CrossEntropyGradF32Variants())) {
    CAPTURE(std::string(IsaName(variant.isa)));
    for (size_t classes : AwkwardLengths()) {
      if (classes == 0) continue;
      const unsigned seed = static_cast<unsigned>(classes);
      const std::vector<float> log_prob = AwkwardFloats(rows * classes, seed, 0.05f);
      const std::vector<int64_t> chosen = Labels(rows, classes, seed);
      std::vector<float> expected(log_prob.size());
      const std::vector<float> factors = Factors(rows, seed);
      CrossEntropyGradF32Scalar({chosen.data(), factors.data(), 0.2f}, log_prob.data(), rows, classes, expected.data());
      for (Edge edge : {Edge::kFront, Edge::kBack}) {
        Guarded<float> in(log_prob, edge, 4), out(log_prob.size(), edge, 4), f(factors, edge, 4);
        Guarded<int64_t> labels(chosen, edge);
        variant.fn({labels.data(), f.data(), 0.2f}, in.data(), rows, classes, out.data());
        REQUIRE(SameFloats(out.Copy(), expected));
        variant.fn({labels.data(), f.data(), 0.2f}, in.data(), rows, classes, in.data());
        REQUIRE(SameFloats(in.Copy(), expected));
      }
    }
  }
}

TEST_CASE("CrossEntropyGradColumnsF32: every variant equals the rows of the definition") {
  const size_t classes = 7;
  for (const auto& variant : Runnable(CrossEntropyGradColumnsF32Variants())) {
    CAPTURE(std::string(IsaName(variant.isa)));
    for (size_t cols : AwkwardLengths()) {
      const unsigned seed = static_cast<unsigned>(cols);
      const size_t stride = cols + 2, size = cols == 0 ? 0 : (classes - 1) * stride + cols;
      const std::vector<float> log_prob = AwkwardFloats(size, seed, 0.05f), factors = Factors(cols, seed);
      const std::vector<int64_t> chosen = Labels(cols, classes, seed);
      std::vector<float> rows(cols * classes);
      for (size_t c = 0; c < cols; ++c) {
        for (size_t k = 0; k < classes; ++k) rows[c * classes + k] = log_prob[k * stride + c];
      }
      CrossEntropyGradF32Scalar({chosen.data(), factors.data(), 0.2f}, rows.data(), cols, classes, rows.data());
      for (Edge edge : {Edge::kFront, Edge::kBack}) {
        Guarded<float> in(log_prob, edge, 4), out(size, edge, 4), f(factors, edge, 4);
        Guarded<int64_t> labels(chosen, edge);
        variant.fn({labels.data(), f.data(), 0.2f}, in.data(), classes, cols, stride, out.data());
        const std::vector<float> dx = out.Copy();
        std::vector<float> actual(rows.size());
        for (size_t c = 0; c < cols; ++c) {
          for (size_t k = 0; k < classes; ++k) actual[c * classes + k] = dx[k * stride + c];
        }
        REQUIRE(SameFloats(actual, rows));
      }
    }
  }
}
