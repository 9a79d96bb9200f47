#include "linalg/refine_rows.h"

#include <algorithm>
#include <vector>

#include "kernels/gemm_f64/gemm_f64.h"
#include "linalg/panels.h"

namespace gossamer {
namespace {

constexpr size_t kLanes = 64;  // rows that are handled together, in vectors across them
constexpr size_t kDeep = 256;  // errors that stay in the second-level cache

// Some rows: error [columns, kLanes] is weights - w.
class Refinement {
 public:
  Refinement(const RefineProblem& problem, const PanelMatrix& moment, size_t first)
      : problem_(problem),
        moment_(moment),
        first_(first),
        rows_(std::min(kLanes, problem.rows - first)),
        error_(problem.columns * kLanes),
        gradient_(kMatrixPanel * kLanes) {
    for (size_t c = 0; c < problem.columns; ++c) {
      for (size_t r = 0; r < rows_; ++r) {
        error_[c * kLanes + r] = static_cast<double>(problem.weights[At(r, c)]) - problem.w[At(r, c)];
      }
    }
  }

  void Sweep() {
    std::vector<double> step(kLanes);
    for (size_t panel = 0; panel < PanelsOf(problem_.columns); ++panel) {
      const size_t begin = PanelBegin(panel), end = PanelEnd(panel, problem_.columns);
      FillGradient(panel);
      for (size_t c = begin; c < end; ++c) {
        double* own = gradient_.data() + (c - begin) * kLanes;
        const double diagonal = moment_.At(c, c);
        for (size_t r = 0; r < rows_; ++r) {
          step[r] = problem_.kept[At(r, c)] != 0 ? own[r] / diagonal : 0;
          error_[c * kLanes + r] += step[r];
        }
        if (c + 1 < end) {
          SubtractProductF64()(moment_.Row(panel, c) + (c + 1 - begin), kMatrixPanel, step.data(), kLanes, 1,
                               own + kLanes, kLanes, end - c - 1, rows_);
        }
      }
    }
  }

  void Finish() {
    for (size_t c = 0; c < problem_.columns; ++c) {
      for (size_t r = 0; r < rows_; ++r) {
        double& error = error_[c * kLanes + r];
        const float w = problem_.w[At(r, c)];
        float& weight = problem_.weights[At(r, c)];
        if (problem_.kept[At(r, c)] != 0) weight = static_cast<float>(w + error);
        error = static_cast<double>(weight) - w;
      }
    }
    std::fill_n(problem_.losses + first_, rows_, 0.0);
    for (size_t panel = 0; panel < PanelsOf(problem_.columns); ++panel) {
      const size_t begin = PanelBegin(panel), end = PanelEnd(panel, problem_.columns);
      FillGradient(panel);
      for (size_t c = begin; c < end; ++c) {
        for (size_t r = 0; r < rows_; ++r) {
          problem_.losses[first_ + r] -= error_[c * kLanes + r] * gradient_[(c - begin) * kLanes + r];
        }
      }
    }
  }

 private:
  size_t At(size_t r, size_t c) const { return (first_ + r) * problem_.columns + c; }

  // Of the panel's columns: minus the error times the moment.
  void FillGradient(size_t panel) {
    const size_t n = problem_.columns, count = PanelEnd(panel, n) - PanelBegin(panel);
    std::fill(gradient_.begin(), gradient_.end(), 0.0);
    for (size_t p = 0; p < n; p += kDeep) {
      SubtractProductF64()(moment_.Row(panel, p), kMatrixPanel, error_.data() + p * kLanes, kLanes,
                           std::min(kDeep, n - p), gradient_.data(), kLanes, count, rows_);
    }
  }

  const RefineProblem& problem_;
  const PanelMatrix& moment_;
  size_t first_, rows_;
  std::vector<double> error_, gradient_;
};

}  // namespace

bool RefineRows(const RefineProblem& problem, AbortFlag abort) {
  const size_t n = problem.columns;
  std::fill_n(problem.losses, problem.rows, 0.0);
  if (problem.rows == 0 || n == 0) return true;
  const PanelMatrix moment(n, PanelMatrix::Shape::kFull);
  const bool filled = ThreadPool::Process().ParallelFor(PanelsOf(n), abort, [&](size_t panel) {
    const size_t begin = PanelBegin(panel), end = PanelEnd(panel, n);
    for (size_t p = 0; p < n; ++p) std::copy_n(problem.moment + p * n + begin, end - begin, moment.Row(panel, p));
  });
  if (!filled) return false;
  const size_t tiles = (problem.rows + kLanes - 1) / kLanes;
  return ThreadPool::Process().ParallelFor(tiles, abort, [&](size_t tile) {
    Refinement refinement(problem, moment, tile * kLanes);
    for (size_t sweep = 0; sweep < problem.sweeps; ++sweep) {
      if (abort != nullptr && abort->load() != 0) return;  // the loop ends before its next tile
      refinement.Sweep();
    }
    refinement.Finish();
  });
}

}  // namespace gossamer
