#include "kernels/min_max/min_max.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "kernels/min_max/tensor.h"
#include "testing/cases.h"
#include "testing/guarded.h"

using namespace gossamer;

namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();

// By sorting what is finite.
MinMaxResult Oracle(const std::vector<float>& x) {
  std::vector<float> finite;
  MinMaxResult result{kInf, -kInf, 0, 0};
  for (float v : x) {
    if (std::isnan(v)) {
      ++result.nan_count;
    } else if (std::isinf(v)) {
      ++result.inf_count;
    } else {
      finite.push_back(v == 0 ? 0.0f : v);
    }
  }
  std::sort(finite.begin(), finite.end());
  if (!finite.empty()) {
    result.min = finite.front();
    result.max = finite.back();
  }
  return result;
}

bool Same(const MinMaxResult& a, const MinMaxResult& b) {
  return SameBits<float>({a.min, a.max}, {b.min, b.max}) && a.nan_count == b.nan_count && a.inf_count == b.inf_count;
}

}  // namespace

TEST_CASE("MinMax: every variant equals the oracle") {
  for (const auto& variant : Runnable(MinMaxVariants())) {
    CAPTURE(std::string(IsaName(variant.isa)));
    for (size_t n : AwkwardLengths()) {
      for (unsigned seed = 0; seed < 4; ++seed) {
        const std::vector<float> x = AwkwardFloats(n, seed);
        for (Edge edge : {Edge::kFront, Edge::kBack}) {
          Guarded<float> in(x, edge, 4);
          MinMaxResult result{kInf, -kInf, 0, 0};
          variant.fn(in.data(), n, &result);
          REQUIRE(Same(result, Oracle(x)));
        }
      }
    }
    std::vector<float> zeros(100, -0.0f);
    MinMaxResult result{kInf, -kInf, 0, 0};
    variant.fn(zeros.data(), zeros.size(), &result);
    CHECK(Same(result, {0.0f, 0.0f, 0, 0}));
  }
}

TEST_CASE("MinMax folds into an earlier result") {
  for (const auto& variant : Runnable(MinMaxVariants())) {
    const std::vector<float> x = NormalFloats(100, 1);
    MinMaxResult result{-100, 100, 5, 7};
    variant.fn(x.data(), x.size(), &result);
    CHECK(Same(result, {-100, 100, 5, 7}));
  }
}

TEST_CASE("MinMaxColumns: every variant equals the oracle of each column") {
  for (const auto& variant : Runnable(MinMaxColumnsVariants())) {
    CAPTURE(std::string(IsaName(variant.isa)));
    for (size_t cols : AwkwardLengths()) {
      const size_t rows = 5, stride = cols + 3;
      std::vector<float> x = AwkwardFloats(rows * stride, static_cast<unsigned>(cols));
      x.resize(cols == 0 ? 0 : (rows - 1) * stride + cols);
      std::vector<float> expected_min, expected_max;
      uint64_t expected_nan = 0, expected_inf = 0;
      for (size_t c = 0; c < cols; ++c) {
        std::vector<float> column;
        for (size_t r = 0; r < rows; ++r) column.push_back(x[r * stride + c]);
        const MinMaxResult result = Oracle(column);
        expected_min.push_back(result.min);
        expected_max.push_back(result.max);
        expected_nan += result.nan_count;
        expected_inf += result.inf_count;
      }
      for (Edge edge : {Edge::kFront, Edge::kBack}) {
        Guarded<float> in(x, edge);
        Guarded<float> min(std::vector<float>(cols, kInf), edge), max(std::vector<float>(cols, -kInf), edge);
        uint64_t nan_count = 0, inf_count = 0;
        variant.fn(in.data(), rows, cols, stride, min.data(), max.data(), &nan_count, &inf_count);
        REQUIRE(SameBits(min.Copy(), expected_min));
        REQUIRE(SameBits(max.Copy(), expected_max));
        REQUIRE(nan_count == expected_nan);
        REQUIRE(inf_count == expected_inf);
      }
    }
  }
}

TEST_CASE("MinMaxTensor equals the oracle of each parameter's elements, at every thread count") {
  const unsigned threads = ThreadPool::Process().Threads();
  for (Granularity g : {Granularity::kPerTensor, Granularity::kPerAxis, Granularity::kPerBlock}) {
    for (size_t inner : {1, 4, 2000}) {
      const TensorLayout layout{g, 9, 41, inner, 16};
      const std::vector<float> x = AwkwardFloats(layout.Count(), 5);
      std::vector<std::vector<float>> groups(layout.ParameterCount());
      for (size_t i = 0; i < x.size(); ++i) groups[SegmentAt(layout, i, i + 1).parameter].push_back(x[i]);
      for (unsigned t : {1u, 3u}) {
        ThreadPool::Process().SetThreads(t);
        std::vector<float> min(groups.size()), max(groups.size());
        uint64_t nan_count = 0, inf_count = 0;
        CHECK(MinMaxTensor(x.data(), layout, min.data(), max.data(), &nan_count, &inf_count, nullptr));
        const MinMaxResult all = Oracle(x);
        CHECK(nan_count == all.nan_count);
        CHECK(inf_count == all.inf_count);
        for (size_t p = 0; p < groups.size(); ++p) {
          const MinMaxResult expected = Oracle(groups[p]);
          REQUIRE(SameBits<float>({min[p], max[p]}, {expected.min, expected.max}));
        }
      }
    }
  }
  ThreadPool::Process().SetThreads(threads);
}
