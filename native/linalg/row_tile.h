// What SolveColumns knows of some rows.
#pragma once
#include <memory>
#include <vector>

#include "linalg/panels.h"
#include "linalg/solve_columns.h"

namespace gossamer {

constexpr size_t kTileRows = 64;  // rows that are solved together, in vectors across them

// The problem, and r_pc / r_cc above the diagonal in panels.
struct ColumnContext {
  const ColumnProblem& problem;
  const ColumnSolution& solution;
  const PanelMatrix& shares;
  double Pivot(size_t j) const { return problem.r[j * problem.columns + j]; }
  size_t ColumnOf(size_t j) const {
    return problem.order == nullptr ? j : static_cast<size_t>(problem.order[j]);
  }
};

// Rows first_row .. first_row + rows - 1. Column j holds what is wanted of it until it is fixed, then q_j - w_j.
class RowTile {
 public:
  RowTile(const ColumnContext& context, size_t first_row);

  // Columns c0 .. c1 - 1 take the errors of columns p0 .. p1 - 1 into account.
  void Update(size_t c0, size_t c1, size_t p0, size_t p1);
  // Scales of the grid's block that columns c0 .. c1 - 1 are.
  void Fit(size_t c0, size_t c1);
  // w^2 r_jj^2, NaN as infinity, to scores[row, c - c0] of a matrix [all rows, c1 - c0].
  void Score(size_t c0, size_t c1, double* scores) const;
  // Writes the mask of columns c0 .. c1 - 1, a group each row: one element after the other, those of the group and behind
  // it making up for what is gone.
  void ChooseGroups(size_t c0, size_t c1);
  void FixColumn(size_t j);

 private:
  double* Column(size_t j) const { return columns_.get() + j * kTileRows; }
  double WeightOf(size_t row, size_t j) const {
    const ColumnProblem& problem = context_.problem;
    return problem.w[(first_row_ + row) * problem.columns + context_.ColumnOf(j)];
  }
  // Of the inverse of the second moment of columns c0 and behind, the part of c0 .. c1 - 1.
  std::vector<double> InverseOfBlock(size_t c0, size_t c1) const;
  // y -= (shares of columns c0 .. c1 - 1 in columns p0 .. p1 - 1)ᵀ x; both [columns, kTileRows] from their first one on.
  void Subtract(size_t c0, size_t c1, size_t p0, size_t p1, const double* x, double* y) const;
  // The weights of columns c0 .. c1 - 1 that, free, make up best for the columns before: [columns, kTileRows].
  std::vector<double> FreeWeights(size_t c0, size_t c1) const;
  void LoadBlock(size_t block);
  void FitWeighted(const float* x, size_t c0, size_t count, float* scales, int32_t* zero_points) const;

  const ColumnContext& context_;
  size_t first_row_, rows_;
  std::unique_ptr<double[]> columns_;
  size_t block_ = static_cast<size_t>(-1);  // whose scales are loaded
  double scales_[kTileRows] = {}, zero_points_[kTileRows] = {};
};

}  // namespace gossamer
