// Matrices as column panels: where the factorizations and the solvers work.
#pragma once
#include <algorithm>
#include <cstddef>
#include <memory>

namespace gossamer {

// Columns of a panel, and rows that are handled together: 32 * 3 and 6 * 16, as the tiles of gemm_f64 have them.
constexpr size_t kMatrixPanel = 96;

inline size_t PanelsOf(size_t n) { return (n + kMatrixPanel - 1) / kMatrixPanel; }
inline size_t PanelBegin(size_t panel) { return panel * kMatrixPanel; }
inline size_t PanelEnd(size_t panel, size_t n) { return std::min(n, (panel + 1) * kMatrixPanel); }

// A square matrix [n, n] of which each panel of columns holds some rows, first .. end - 1, kMatrixPanel doubles apart:
// the rows of a product then lie close together, whatever n is. Not cleared.
class PanelMatrix {
 public:
  enum class Shape { kUpper, kLower, kFull };  // rows down to the diagonal block, from it on, or all

  PanelMatrix(size_t n, Shape shape) : n_(n), shape_(shape), panels_(new std::unique_ptr<double[]>[PanelsOf(n)]) {
    for (size_t p = 0; p < PanelsOf(n); ++p) panels_[p].reset(new double[(End(p) - First(p)) * kMatrixPanel]);
  }

  size_t Size() const { return n_; }
  size_t First(size_t panel) const { return shape_ == Shape::kLower ? PanelBegin(panel) : 0; }
  size_t End(size_t panel) const { return shape_ == Shape::kUpper ? PanelEnd(panel, n_) : n_; }
  // The row's elements in the panel.
  double* Row(size_t panel, size_t row) const {
    return panels_[panel].get() + (row - First(panel)) * kMatrixPanel;
  }
  double& At(size_t row, size_t column) const {
    return Row(column / kMatrixPanel, row)[column % kMatrixPanel];
  }

 private:
  size_t n_;
  Shape shape_;
  std::unique_ptr<std::unique_ptr<double[]>[]> panels_;
};

}  // namespace gossamer
