#include "kernels/softmax_f32/softmax_f32.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "testing/cases.h"
#include "testing/guarded.h"

using namespace gossamer;

namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();

// One row or column in float64.
std::vector<double> Oracle(Softmax kind, const std::vector<float>& x) {
  double largest = -kInf, sum = 0;
  for (float v : x) largest = std::max(largest, static_cast<double>(v));
  for (float v : x) sum += std::exp(v - largest);
  std::vector<double> y;
  for (float v : x) y.push_back(kind == Softmax::kSoftmax ? std::exp(v - largest) / sum : v - largest - std::log(sum));
  return y;
}

// x - m is rounded once (half a unit, relative to e^(x-m): |x - m| * 2^-24), exp, the sum of n terms in a tree over
// columns of n / 64 and the last product add a few units.
bool Close(Softmax kind, float actual, double expected, double spread, size_t n) {
  const double units = 8 + static_cast<double>(n) / 64 + spread;
  const double scale = kind == Softmax::kSoftmax ? std::fabs(expected) : std::max(spread, 1.0);
  return std::fabs(actual - expected) <= units * 0x1p-24 * scale + 1e-44;
}

}  // namespace

TEST_CASE("SoftmaxF32: the definition equals float64") {
  for (Softmax kind : {Softmax::kSoftmax, Softmax::kLog}) {
    for (size_t n : AwkwardLengths()) {
      const std::vector<float> x = NormalFloats(n, static_cast<unsigned>(n) + 1, 10);
      std::vector<float> y(n);
      SoftmaxF32Scalar(kind, x.data(), 1, n, y.data());
      const std::vector<double> expected = Oracle(kind, x);
      for (size_t i = 0; i < n; ++i) REQUIRE(Close(kind, y[i], expected[i], 90, n));
      std::vector<float> columns(n);
      SoftmaxColumnsF32Scalar(kind, x.data(), n, 1, 1, columns.data());
      for (size_t i = 0; i < n; ++i) REQUIRE(Close(kind, columns[i], expected[i], 90, n * 64));
    }
  }
}

TEST_CASE("SoftmaxF32: masked elements become 0, huge ones do not overflow") {
  const std::vector<float> x = {3e38f, -kInf, 3e38f, -3e38f};
  std::vector<float> y(4);
  SoftmaxF32()(Softmax::kSoftmax, x.data(), 1, 4, y.data());
  CHECK(y == std::vector<float>{0.5f, 0, 0.5f, 0});
}

TEST_CASE("SoftmaxF32: every variant equals the definition, in place and apart") {
  const size_t rows = 3;
  for (Softmax kind : {Softmax::kSoftmax, Softmax::kLog}) {
    for (const auto& variant : Runnable(SoftmaxF32Variants())) {
      CAPTURE(std::string(IsaName(variant.isa)));
      for (size_t cols : AwkwardLengths()) {
        for (bool awkward : {false, true}) {
          const unsigned seed = static_cast<unsigned>(cols);
          const std::vector<float> x = awkward ? AwkwardFloats(rows * cols, seed) : NormalFloats(rows * cols, seed, 5);
          std::vector<float> expected(x.size());
          SoftmaxF32Scalar(kind, x.data(), rows, cols, expected.data());
          for (Edge edge : {Edge::kFront, Edge::kBack}) {
            Guarded<float> in(x, edge, 4), out(x.size(), edge, 4);
            variant.fn(kind, in.data(), rows, cols, out.data());
            REQUIRE(SameFloats(out.Copy(), expected));
            variant.fn(kind, in.data(), rows, cols, in.data());
            REQUIRE(SameFloats(in.Copy(), expected));
          }
        }
      }
    }
  }
}

TEST_CASE("SoftmaxColumnsF32: every variant equals the definition") {
  const size_t rows = 5;
  for (Softmax kind : {Softmax::kSoftmax, Softmax::kLog}) {
    for (const auto& variant : Runnable(SoftmaxColumnsF32Variants())) {
      CAPTURE(std::string(IsaName(variant.isa)));
      for (size_t cols : AwkwardLengths()) {
        const size_t stride = cols + 2, size = cols == 0 ? 0 : (rows - 1) * stride + cols;
        const std::vector<float> x = AwkwardFloats(size, static_cast<unsigned>(cols)), zeros(size, 0.0f);
        Guarded<float> expected(zeros, Edge::kBack);
        SoftmaxColumnsF32Scalar(kind, x.data(), rows, cols, stride, expected.data());
        for (Edge edge : {Edge::kFront, Edge::kBack}) {
          Guarded<float> in(x, edge, 4), out(zeros, edge, 4);
          variant.fn(kind, in.data(), rows, cols, stride, out.data());
          REQUIRE(SameFloats(out.Copy(), expected.Copy()));
        }
      }
    }
  }
}
