#include "kernels/softmax_grad_f32/softmax_grad_f32.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "testing/cases.h"
#include "testing/guarded.h"

using namespace gossamer;

namespace {

// One row or column in float64; y is the softmax or its logarithm.
std::vector<double> Oracle(Softmax kind, const std::vector<float>& dy, const std::vector<float>& y) {
  double sum = 0;
  for (size_t i = 0; i < y.size(); ++i) sum += kind == Softmax::kSoftmax ? double{dy[i]} * y[i] : dy[i];
  std::vector<double> dx;
  for (size_t i = 0; i < y.size(); ++i) {
    dx.push_back(kind == Softmax::kSoftmax ? y[i] * (dy[i] - sum) : dy[i] - std::exp(double{y[i]}) * sum);
  }
  return dx;
}

std::vector<float> SoftmaxOf(Softmax kind, size_t n, unsigned seed, float sigma) {
  const std::vector<float> x = NormalFloats(n, seed, sigma);
  std::vector<float> y(n);
  SoftmaxF32Scalar(kind, x.data(), 1, n, y.data());
  return y;
}

}  // namespace

// |sum| <= n * max |dy|, and its error below n / 64 + 6 units (fold_row.h) of the sum of |dy|; three more roundings.
TEST_CASE("SoftmaxGradF32: the definition equals float64, also where logits differ by 10^4") {
  for (Softmax kind : {Softmax::kSoftmax, Softmax::kLog}) {
    for (float sigma : {1.0f, 1e4f}) {
      for (size_t n : AwkwardLengths()) {
        const unsigned seed = static_cast<unsigned>(n) + 1;
        const std::vector<float> dy = NormalFloats(n, seed), y = SoftmaxOf(kind, n, seed + 1, sigma);
        const std::vector<double> expected = Oracle(kind, dy, y);
        double magnitude = 1;
        for (float v : dy) magnitude += std::fabs(v);
        std::vector<float> dx(n), columns(n);
        SoftmaxGradF32Scalar(kind, dy.data(), y.data(), 1, n, dx.data());
        SoftmaxGradColumnsF32Scalar(kind, dy.data(), y.data(), n, 1, 1, columns.data());
        for (size_t i = 0; i < n; ++i) {
          REQUIRE(std::fabs(dx[i] - expected[i]) <= (static_cast<double>(n) / 64 + 10) * 0x1p-24 * magnitude);
          REQUIRE(std::fabs(columns[i] - expected[i]) <= (static_cast<double>(n) + 10) * 0x1p-24 * magnitude);
        }
      }
    }
  }
}

TEST_CASE("SoftmaxGradF32: every variant equals the definition, in place and apart") {
  const size_t rows = 3;
  for (Softmax kind : {Softmax::kSoftmax, Softmax::kLog}) {
    for (const auto& variant : Runnable(SoftmaxGradF32Variants())) {
      CAPTURE(std::string(IsaName(variant.isa)));
      for (size_t cols : AwkwardLengths()) {
        const unsigned seed = static_cast<unsigned>(cols);
        const std::vector<float> dy = AwkwardFloats(rows * cols, seed), y = NormalFloats(rows * cols, seed + 1, 4);
        std::vector<float> expected(y.size());
        SoftmaxGradF32Scalar(kind, dy.data(), y.data(), rows, cols, expected.data());
        for (Edge edge : {Edge::kFront, Edge::kBack}) {
          Guarded<float> d(dy, edge, 4), in(y, edge, 4), out(y.size(), edge, 4);
          variant.fn(kind, d.data(), in.data(), rows, cols, out.data());
          REQUIRE(SameFloats(out.Copy(), expected));
          variant.fn(kind, d.data(), in.data(), rows, cols, in.data());
          REQUIRE(SameFloats(in.Copy(), expected));
          Guarded<float> again(y, edge, 4);
          variant.fn(kind, d.data(), again.data(), rows, cols, d.data());
          REQUIRE(SameFloats(d.Copy(), expected));
        }
      }
    }
  }
}

TEST_CASE("SoftmaxGradColumnsF32: every variant equals the definition") {
  const size_t rows = 5;
  for (Softmax kind : {Softmax::kSoftmax, Softmax::kLog}) {
    for (const auto& variant : Runnable(SoftmaxGradColumnsF32Variants())) {
      CAPTURE(std::string(IsaName(variant.isa)));
      for (size_t cols : AwkwardLengths()) {
        const size_t stride = cols + 2, size = cols == 0 ? 0 : (rows - 1) * stride + cols;
        const unsigned seed = static_cast<unsigned>(cols);
        const std::vector<float> dy = AwkwardFloats(size, seed), y = NormalFloats(size, seed + 1, 4);
        const std::vector<float> zeros(size, 0.0f);
        Guarded<float> expected(zeros, Edge::kBack);
        SoftmaxGradColumnsF32Scalar(kind, dy.data(), y.data(), rows, cols, stride, expected.data());
        for (Edge edge : {Edge::kFront, Edge::kBack}) {
          Guarded<float> d(dy, edge, 4), in(y, edge, 4), out(zeros, edge, 4);
          variant.fn(kind, d.data(), in.data(), rows, cols, stride, out.data());
          REQUIRE(SameFloats(out.Copy(), expected.Copy()));
        }
      }
    }
  }
}
