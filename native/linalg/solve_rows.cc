#include "linalg/solve_rows.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "kernels/gemm_f64/gemm_f64.h"

namespace gossamer {
namespace {

constexpr size_t kRowsOfUpdate = 32;  // of the triangle, updated as a rectangle

// The inverse of the moment of the columns that are left, in an order of its own: the upper triangle of [n, n].
class Downdated {
 public:
  explicit Downdated(size_t n) : n_(n), g_(new double[n * n]()), ratios_(n), values_(n) {}

  void Start(const double* inverse) {
    left_ = n_;
    for (size_t i = 0; i < n_; ++i) std::copy(inverse + i * n_ + i, inverse + (i + 1) * n_, g_.get() + i * n_ + i);
  }
  size_t Left() const { return left_; }
  double Diagonal(size_t i) const { return g_[i * n_ + i]; }
  double At(size_t i, size_t j) const { return i < j ? g_[i * n_ + j] : g_[j * n_ + i]; }

  // Takes out place p; the last one takes its place.
  void Remove(size_t p) {
    const double pivot = Diagonal(p);
    for (size_t i = 0; i < left_; ++i) values_[i] = At(i, p);
    const size_t last = --left_;
    values_[p] = values_[last];
    double* g = g_.get();
    for (size_t i = 0; i < p; ++i) g[i * n_ + p] = g[i * n_ + last];
    for (size_t i = p + 1; i < last; ++i) g[p * n_ + i] = g[i * n_ + last];
    if (p != last) g[p * n_ + p] = g[last * n_ + last];
    for (size_t i = 0; i < left_; ++i) ratios_[i] = values_[i] / pivot;
    for (size_t i = 0; i < left_; i += kRowsOfUpdate) {
      SubtractProductF64()(ratios_.data() + i, n_, values_.data() + i, n_, 1, g + i * n_ + i, n_,
                           std::min(kRowsOfUpdate, left_ - i), left_ - i);
    }
  }

 private:
  size_t n_, left_ = 0;
  std::unique_ptr<double[]> g_;
  std::vector<double> ratios_, values_;
};

// Whether w lies beyond the ends of the grid by more than half the step there.
bool IsOutlier(const SolverGrid& grid, size_t columns, size_t row, size_t column, double w) {
  const size_t at = row * BlocksOf(grid, columns) + column / grid.block_size;
  const double scale = grid.scales[at];
  if (grid.kind == GridKind::kAffine) {
    const double v = w / scale + grid.zero_points[at];
    return v > grid.quant_max + 0.5 || v < grid.quant_min - 0.5;
  }
  if (grid.level_count < 2) return false;
  const float* table = grid.levels + (grid.tables == 1 ? 0 : row * grid.level_count);
  const double v = w / scale, low = table[0], high = table[grid.level_count - 1];
  return v > high + (high - table[grid.level_count - 2]) / 2 || v < low - (table[1] - low) / 2;
}

class Row {
 public:
  Row(const RowProblem& problem, const RowSolution& solution)
      : problem_(problem),
        solution_(solution),
        moment_(problem.columns),
        w_(problem.columns),
        places_(problem.columns),
        room_(problem.mask.block_size == 0 ? 0 : (problem.columns - 1) / problem.mask.block_size + 1) {}

  void Solve(size_t row) {
    const size_t n = problem_.columns, first = row * n;
    moment_.Start(problem_.inverse);
    for (size_t i = 0; i < n; ++i) {
      w_[i] = problem_.w[first + i];
      places_[i] = i;
      solution_.fixed[first + i] = -1;
      solution_.losses[first + i] = 0;
    }
    const size_t block_size = problem_.mask.block_size;
    for (size_t b = 0; b < room_.size(); ++b) {
      const size_t length = std::min(block_size, n - b * block_size);
      room_[b] = length - (problem_.mask.keep * length + block_size - 1) / block_size;
    }
    const size_t steps = problem_.counts == nullptr ? n : static_cast<size_t>(problem_.counts[row]);
    for (size_t step = 0; step < steps; ++step) {
      const size_t next = Next(row);
      if (next == moment_.Left()) break;
      Fix(row, next, first + step);
    }
    for (size_t i = 0; i < moment_.Left(); ++i) solution_.weights[first + places_[i]] = static_cast<float>(w_[i]);
  }

 private:
  GridPoint PointOf(size_t row, size_t place) const {
    if (problem_.grid.kind == GridKind::kNone) return {0, 0};
    return Nearest(problem_.grid, problem_.columns, row, places_[place], w_[place]);
  }

  bool MayBeFixed(size_t row, size_t place) const {
    const RowMask& mask = problem_.mask;
    const size_t column = places_[place];
    if (mask.kept != nullptr && mask.kept[row * problem_.columns + column] != 0) return false;
    return mask.block_size == 0 || room_[column / mask.block_size] > 0;
  }

  // The place of the next column, Left(): none may be fixed.
  size_t Next(size_t row) const {
    const size_t none = moment_.Left();
    size_t best = none;
    double least = 0;
    bool best_is_outlier = false;
    for (size_t i = 0; i < moment_.Left(); ++i) {
      if (!MayBeFixed(row, i)) continue;
      if (problem_.order == RowOrder::kColumns) {
        if (best == none || places_[i] < places_[best]) best = i;
        continue;
      }
      const double error = w_[i] - PointOf(row, i).value, loss = error * error / moment_.Diagonal(i);
      const bool is_outlier = problem_.grid.kind != GridKind::kNone &&
                              IsOutlier(problem_.grid, problem_.columns, row, places_[i], w_[i]);
      const bool is_less = loss < least || (loss == least && best != none && places_[i] < places_[best]);
      if (best == none || (is_outlier != best_is_outlier ? is_outlier : is_less)) {
        best = i;
        least = loss;
        best_is_outlier = is_outlier;
      }
    }
    return best;
  }

  void Fix(size_t row, size_t place, size_t step) {
    const GridPoint point = PointOf(row, place);
    const size_t at = row * problem_.columns + places_[place];
    const double pivot = moment_.Diagonal(place), error = w_[place] - point.value, factor = error / pivot;
    if (problem_.grid.kind != GridKind::kNone) solution_.codes.Put(at, point.code);
    solution_.weights[at] = static_cast<float>(point.value);
    solution_.fixed[step] = static_cast<int32_t>(places_[place]);
    solution_.losses[step] = error * factor;
    if (!room_.empty()) --room_[places_[place] / problem_.mask.block_size];
    for (size_t i = 0; i < moment_.Left(); ++i) {
      if (i != place) w_[i] -= factor * moment_.At(i, place);
    }
    moment_.Remove(place);
    w_[place] = w_[moment_.Left()];
    places_[place] = places_[moment_.Left()];
  }

  const RowProblem& problem_;
  const RowSolution& solution_;
  Downdated moment_;
  std::vector<double> w_;       // by place in moment_
  std::vector<size_t> places_;  // the column of each place
  std::vector<size_t> room_;    // how many of each block of columns may still be fixed
};

}  // namespace

bool SolveRows(const RowProblem& problem, const RowSolution& solution, AbortFlag abort) {
  if (problem.rows == 0 || problem.columns == 0) return true;
  constexpr size_t kShares = 64;  // rows are taken in so many shares: each has memory of its own
  const size_t shares = std::min(kShares, problem.rows);
  return ThreadPool::Process().ParallelFor(shares, abort, [&](size_t share) {
    Row row(problem, solution);
    const size_t end = problem.rows * (share + 1) / shares;
    for (size_t r = problem.rows * share / shares; r < end; ++r) {
      if (abort != nullptr && abort->load() != 0) return;  // the loop ends before its next share
      row.Solve(r);
    }
  });
}

}  // namespace gossamer
