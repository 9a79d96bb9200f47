// The solvers in guarded memory and on several threads; what they compute is held to plain implementations by
// packages/kernels/src/linalg.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "linalg/factor.h"
#include "linalg/refine_rows.h"
#include "linalg/solve_columns.h"
#include "linalg/solve_rows.h"
#include "testing/cases.h"
#include "testing/guarded.h"

using namespace gossamer;

namespace {

// Moment of correlated columns.
std::vector<double> Moment(size_t n) {
  const size_t count = 3 * n;
  std::vector<float> x = NormalFloats(count * n, 1);
  for (size_t i = 0; i < x.size(); ++i) x[i] = i % n == 0 ? x[i] : 0.8f * x[i - 1] + 0.6f * x[i];
  std::vector<double> sums(n * n);
  for (size_t v = 0; v < count; ++v) {
    for (size_t i = 0; i < n; ++i) {
      for (size_t j = 0; j < n; ++j) sums[i * n + j] += static_cast<double>(x[v * n + i]) * x[v * n + j];
    }
  }
  return sums;
}

struct Layer {
  size_t rows, columns;
  std::vector<float> w;
  std::vector<double> r, inverse;
  std::vector<float> scales, zero_points;

  Layer(size_t rows, size_t columns)
      : rows(rows),
        columns(columns),
        w(NormalFloats(rows * columns, 2)),
        r(columns * columns),
        inverse(columns * columns),
        scales(rows * ((columns + 31) / 32), 0.4f),
        zero_points(scales.size(), 4) {
    size_t failed_at = 0;
    const std::vector<double> moment = Moment(columns);
    ReverseCholesky(moment.data(), columns, 0.1, r.data(), &failed_at, nullptr);
    InverseSpd(moment.data(), columns, inverse.data(), &failed_at, nullptr);
  }
  SolverGrid Grid() const { return {GridKind::kAffine, 32, scales.data(), zero_points.data(), 0, 7, nullptr, 8, 1}; }
};

struct Solved {
  std::vector<uint8_t> codes, kept;
  std::vector<float> weights, scales;
  std::vector<double> losses;
};

Solved Columns(const Layer& layer, MaskKind mask, bool fits, Edge edge) {
  const size_t count = layer.w.size();
  Guarded<float> w(layer.w, edge), weights(count, edge);
  Guarded<float> scales(layer.scales, edge), zero_points(layer.zero_points, edge);
  Guarded<double> r(layer.r, edge), losses(layer.rows, edge);
  Guarded<uint8_t> codes(count, edge), kept(std::vector<uint8_t>(count, 1), edge);
  ColumnProblem problem{w.data(), layer.rows, layer.columns, r.data(), nullptr, layer.Grid(), nullptr, {}};
  const BlockFit fit{{BlockMapping::kAsymmetric, 0, 7, 4, 5, 0.7f}, nullptr, scales.data(), zero_points.data()};
  problem.grid.scales = scales.data();
  problem.grid.zero_points = zero_points.data();
  if (fits) problem.fit = &fit;
  problem.mask = {mask, kept.data(), 4, 0.5, 2};
  REQUIRE(SolveColumns(problem, {{codes.data(), nullptr}, weights.data(), losses.data()}, nullptr));
  return {codes.Copy(), kept.Copy(), weights.Copy(), scales.Copy(), losses.Copy()};
}

Solved Rows(const Layer& layer, Edge edge) {
  const size_t count = layer.w.size();
  Guarded<float> w(layer.w, edge), weights(count, edge);
  Guarded<double> inverse(layer.inverse, edge), losses(count, edge);
  Guarded<uint8_t> codes(count, edge);
  Guarded<int32_t> fixed(count, edge);
  const RowProblem problem{w.data(),     layer.rows,        layer.columns, inverse.data(),
                           layer.Grid(), RowOrder::kGreedy, nullptr, {}};
  REQUIRE(SolveRows(problem, {{codes.data(), nullptr}, weights.data(), fixed.data(), losses.data()}, nullptr));
  return {codes.Copy(), {}, weights.Copy(), {}, losses.Copy()};
}

bool Same(const Solved& a, const Solved& b) {
  return SameBits(a.codes, b.codes) && SameBits(a.kept, b.kept) && SameBits(a.weights, b.weights) &&
         SameBits(a.scales, b.scales) && SameBits(a.losses, b.losses);
}

}  // namespace

TEST_CASE("SolveColumns and SolveRows stay in their memory, and have the same bits at every number of threads") {
  const unsigned threads = ThreadPool::Process().Threads();
  for (size_t columns : {1, 5, 96, 131}) {
    for (size_t rows : {1, 64, 67}) {
      CAPTURE(columns);
      CAPTURE(rows);
      const Layer layer(rows, columns);
      for (MaskKind mask : {MaskKind::kNone, MaskKind::kShare, MaskKind::kGroups}) {
        for (bool fits : {false, true}) {
          ThreadPool::Process().SetThreads(1);
          const Solved one = Columns(layer, mask, fits, Edge::kFront);
          ThreadPool::Process().SetThreads(4);
          CHECK(Same(one, Columns(layer, mask, fits, Edge::kBack)));
        }
      }
      ThreadPool::Process().SetThreads(1);
      const Solved one = Rows(layer, Edge::kFront);
      ThreadPool::Process().SetThreads(4);
      CHECK(Same(one, Rows(layer, Edge::kBack)));
    }
  }
  ThreadPool::Process().SetThreads(threads);
}

TEST_CASE("RefineRows stays in its memory, and has the same bits at every number of threads") {
  const unsigned threads = ThreadPool::Process().Threads();
  for (size_t columns : {1, 5, 96, 131}) {
    for (size_t rows : {1, 64, 67}) {
      CAPTURE(columns);
      CAPTURE(rows);
      std::vector<double> moment = Moment(columns);
      for (size_t i = 0; i < columns; ++i) moment[i * columns + i] += 0.1;
      const std::vector<float> w = NormalFloats(rows * columns, 2);
      std::vector<uint8_t> kept(w.size());
      for (size_t i = 0; i < w.size(); ++i) kept[i] = i % 3 == 0 ? 0 : 1;
      std::vector<std::vector<float>> found;
      for (Edge edge : {Edge::kFront, Edge::kBack}) {
        ThreadPool::Process().SetThreads(edge == Edge::kFront ? 1 : 4);
        Guarded<float> weights(w.size(), edge);
        Guarded<double> losses(rows, edge);
        for (size_t i = 0; i < w.size(); ++i) weights.data()[i] = kept[i] != 0 ? w[i] : 0;
        CHECK(RefineRows({w.data(), rows, columns, moment.data(), kept.data(), 2, weights.data(), losses.data()},
                         nullptr));
        found.push_back(weights.Copy());
      }
      CHECK(SameBits(found[0], found[1]));
    }
  }
  ThreadPool::Process().SetThreads(threads);
}

TEST_CASE("SolveColumns loses less than the nearest values do, and what it says") {
  const size_t rows = 20, n = 100;
  const Layer layer(rows, n);
  std::vector<double> moment = Moment(n);
  for (size_t i = 0; i < n; ++i) moment[i * n + i] += 0.1;
  const Solved solved = Columns(layer, MaskKind::kNone, false, Edge::kBack);
  double all = 0, nearest = 0;
  for (size_t r = 0; r < rows; ++r) {
    std::vector<double> error(n), rounded(n);
    for (size_t i = 0; i < n; ++i) {
      const float w = layer.w[r * n + i];
      error[i] = static_cast<double>(w) - solved.weights[r * n + i];
      rounded[i] = w - Nearest(layer.Grid(), n, r, i, w).value;
    }
    double loss = 0;
    for (size_t i = 0; i < n; ++i) {
      for (size_t j = 0; j < n; ++j) {
        loss += error[i] * moment[i * n + j] * error[j];
        nearest += rounded[i] * moment[i * n + j] * rounded[j];
      }
    }
    CHECK(solved.losses[r] == doctest::Approx(loss).epsilon(1e-9));
    all += loss;
  }
  CHECK(all < nearest);
}

TEST_CASE("solvers stop when told to") {
  const Layer layer(70, 30);
  const std::atomic<int32_t> abort{1};
  std::vector<float> weights(layer.w.size());
  std::vector<double> losses(layer.w.size());
  std::vector<int32_t> fixed(layer.w.size());
  std::vector<uint8_t> codes(layer.w.size());
  ColumnProblem columns{layer.w.data(), 70, 30, layer.r.data(), nullptr, layer.Grid(), nullptr, {}};
  CHECK_FALSE(SolveColumns(columns, {{codes.data(), nullptr}, weights.data(), losses.data()}, &abort));
  const RowProblem rows{layer.w.data(), 70, 30, layer.inverse.data(), layer.Grid(), RowOrder::kGreedy, nullptr, {}};
  CHECK_FALSE(SolveRows(rows, {{codes.data(), nullptr}, weights.data(), fixed.data(), losses.data()}, &abort));
}
