#include "linalg/row_tile.h"

#include <cmath>
#include <limits>

#include "kernels/block_quantize/parameters.h"
#include "kernels/gemm_f64/gemm_f64.h"

namespace gossamer {
namespace {

constexpr size_t kDeep = 256;  // columns whose errors stay in the second-level cache while others are updated
constexpr size_t kShort = 16;  // columns that are solved one by one

double ScoreOf(double w, double pivot) {
  const double part = w * pivot, score = part * part;
  return score < std::numeric_limits<double>::infinity() ? score : std::numeric_limits<double>::infinity();
}

}  // namespace

RowTile::RowTile(const ColumnContext& context, size_t first_row)
    : context_(context),
      first_row_(first_row),
      rows_(std::min(kTileRows, context.problem.rows - first_row)),
      columns_(new double[context.problem.columns * kTileRows]()) {
  for (size_t j = 0; j < context.problem.columns; ++j) {
    for (size_t r = 0; r < rows_; ++r) Column(j)[r] = WeightOf(r, j);
  }
}

void RowTile::Subtract(size_t c0, size_t c1, size_t p0, size_t p1, const double* x, double* y) const {
  for (size_t c = c0; c < c1;) {
    const size_t panel = c / kMatrixPanel, end = std::min(c1, PanelEnd(panel, c1));
    for (size_t p = p0; p < p1; p += kDeep) {
      SubtractProductF64()(context_.shares.Row(panel, p) + (c - PanelBegin(panel)), kMatrixPanel,
                           x + (p - p0) * kTileRows, kTileRows, std::min(kDeep, p1 - p), y + (c - c0) * kTileRows,
                           kTileRows, end - c, rows_);
    }
    c = end;
  }
}

void RowTile::Update(size_t c0, size_t c1, size_t p0, size_t p1) {
  if (p0 < p1) Subtract(c0, c1, p0, p1, Column(p0), Column(c0));
}

std::vector<double> RowTile::FreeWeights(size_t c0, size_t c1) const {
  const size_t count = c1 - c0;
  std::vector<double> x(count * kTileRows);
  for (size_t c = 0; c < count; ++c) {
    for (size_t r = 0; r < rows_; ++r) x[c * kTileRows + r] = Column(c0 + c)[r] - WeightOf(r, c0 + c);
  }
  // Nothing to make up for in front of the first column.
  for (size_t s = 0; c0 > 0 && s < count; s += kShort) {
    const size_t end = std::min(count, s + kShort);
    if (s > 0) Subtract(c0 + s, c0 + end, c0, c0 + s, x.data(), x.data() + s * kTileRows);
    for (size_t c = s + 1; c < end; ++c) {
      Subtract(c0 + c, c0 + c + 1, c0 + s, c0 + c, x.data() + s * kTileRows, x.data() + c * kTileRows);
    }
  }
  for (size_t c = 0; c < count; ++c) {
    for (size_t r = 0; r < rows_; ++r) x[c * kTileRows + r] += WeightOf(r, c0 + c);
  }
  return x;
}

void RowTile::Fit(size_t c0, size_t c1) {
  const ColumnProblem& problem = context_.problem;
  const BlockFit& fit = *problem.fit;
  const size_t count = c1 - c0;
  const std::vector<double> free = FreeWeights(c0, c1);
  std::vector<float> x(free.size());
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(free[i]);
  float scales[kTileRows];
  int32_t zero_points[kTileRows];
  if (fit.importance != nullptr) {
    FitWeighted(x.data(), c0, count, scales, zero_points);
  } else {
    std::vector<uint8_t> codes(count * kTileRows);
    uint8_t bytes[kTileRows];
    uint64_t non_finite = 0;
    QuantizeColumns()(x.data(), count, rows_, kTileRows, fit.scheme, scales, bytes, codes.data(), kTileRows,
                      &non_finite);
    for (size_t r = 0; r < rows_; ++r) {
      zero_points[r] = fit.scheme.code_min < 0 ? static_cast<int8_t>(bytes[r]) : bytes[r];
    }
  }
  const size_t blocks = BlocksOf(problem.grid, problem.columns), block = c0 / problem.grid.block_size;
  for (size_t r = 0; r < rows_; ++r) {
    fit.scales[(first_row_ + r) * blocks + block] = scales[r];
    fit.zero_points[(first_row_ + r) * blocks + block] = static_cast<float>(zero_points[r]);
  }
}

void RowTile::FitWeighted(const float* x, size_t c0, size_t count, float* scales, int32_t* zero_points) const {
  const BlockFit& fit = *context_.problem.fit;
  float unclipped[kTileRows];
  double least[kTileRows], low[kTileRows], high[kTileRows];
  for (size_t r = 0; r < rows_; ++r) {
    float min = 0, max = 0;
    for (size_t c = 0; c < count; ++c) {
      const float value = x[c * kTileRows + r];
      if (!std::isfinite(value)) continue;
      min = std::min(min, value);
      max = std::max(max, value);
    }
    const BlockParameters parameters = ParametersOf(min, max, fit.scheme);
    const CodeBounds bounds = BoundsOf(fit.scheme, parameters.zero_point);
    unclipped[r] = scales[r] = parameters.scale;
    zero_points[r] = parameters.zero_point;
    low[r] = bounds.lo;
    high[r] = bounds.hi;
    least[r] = std::numeric_limits<double>::infinity();
  }
  for (uint32_t step = 0; fit.scheme.clip_steps > 1 && step < fit.scheme.clip_steps; ++step) {
    double errors[kTileRows] = {};
    for (size_t c = 0; c < count; ++c) {
      const double weight = fit.importance[c0 + c];
      for (size_t r = 0; r < rows_; ++r) {
        const double scale = unclipped[r] * ClipRatio(fit.scheme, step), value = x[c * kTileRows + r];
        const double error = value - NearestAffine(value, scale, 0, low[r], high[r]).value;
        errors[r] += weight * error * error;
      }
    }
    for (size_t r = 0; r < rows_; ++r) {
      if (!(errors[r] < least[r])) continue;
      least[r] = errors[r];
      scales[r] = unclipped[r] * ClipRatio(fit.scheme, step);
    }
  }
}

void RowTile::Score(size_t c0, size_t c1, double* scores) const {
  const std::vector<double> free = FreeWeights(c0, c1);
  for (size_t c = c0; c < c1; ++c) {
    const double* x = free.data() + (c - c0) * kTileRows;
    for (size_t r = 0; r < rows_; ++r) scores[(first_row_ + r) * (c1 - c0) + c - c0] = ScoreOf(x[r], context_.Pivot(c));
  }
}

void RowTile::ChooseGroups(size_t c0, size_t c1) {
  const MaskRule& mask = context_.problem.mask;
  const std::vector<double> free = FreeWeights(c0, c1);
  std::vector<double> scores(c1 - c0);
  const size_t keep = (mask.keep * scores.size() + mask.block_size - 1) / mask.block_size;
  for (size_t r = 0; r < rows_; ++r) {
    for (size_t c = c0; c < c1; ++c) scores[c - c0] = ScoreOf(free[(c - c0) * kTileRows + r], context_.Pivot(c));
    uint8_t* kept = mask.kept + (first_row_ + r) * context_.problem.columns + c0;
    for (size_t c = 0; c < scores.size(); ++c) {
      size_t better = 0;
      for (size_t d = 0; d < scores.size(); ++d) {
        better += scores[d] > scores[c] || (scores[d] == scores[c] && d < c) ? 1 : 0;
      }
      kept[c] = better < keep ? 1 : 0;
    }
  }
}

void RowTile::LoadBlock(size_t block) {
  const SolverGrid& grid = context_.problem.grid;
  const size_t blocks = BlocksOf(grid, context_.problem.columns);
  for (size_t r = 0; r < rows_; ++r) {
    const size_t at = (first_row_ + r) * blocks + block;
    scales_[r] = grid.scales[at];
    if (grid.kind == GridKind::kAffine) zero_points_[r] = grid.zero_points[at];
  }
  block_ = block;
}

void RowTile::FixColumn(size_t j) {
  const ColumnProblem& problem = context_.problem;
  const SolverGrid& grid = problem.grid;
  const size_t column = context_.ColumnOf(j);
  const size_t first = first_row_ * problem.columns + column;  // of the outputs
  double* x = Column(j);
  double wanted[kTileRows];
  GridPoint points[kTileRows];
  for (size_t r = 0; r < rows_; ++r) wanted[r] = x[r];
  if (problem.mask.kind != MaskKind::kNone) {
    for (size_t r = 0; r < rows_; ++r) {
      if (problem.mask.kept[first + r * problem.columns] == 0) wanted[r] = 0;
    }
  }
  if (grid.kind == GridKind::kNone) {
    for (size_t r = 0; r < rows_; ++r) points[r] = {0, static_cast<float>(wanted[r])};
  } else {
    if (block_ != column / grid.block_size) LoadBlock(column / grid.block_size);
    if (grid.kind == GridKind::kAffine) {
      for (size_t r = 0; r < rows_; ++r) {
        points[r] = NearestAffine(wanted[r], scales_[r], zero_points_[r], grid.quant_min, grid.quant_max);
      }
    } else {
      for (size_t r = 0; r < rows_; ++r) {
        const float* table = grid.levels + (grid.tables == 1 ? 0 : (first_row_ + r) * grid.level_count);
        points[r] = NearestLevel(wanted[r], scales_[r], table, grid.level_count);
      }
    }
  }
  const double pivot = context_.Pivot(j);
  for (size_t r = 0; r < rows_; ++r) {
    const double part = (x[r] - points[r].value) * pivot;
    context_.solution.losses[first_row_ + r] += part * part;
    x[r] = points[r].value - WeightOf(r, j);
  }
  for (size_t r = 0; r < rows_; ++r) {
    context_.solution.codes.Put(first + r * problem.columns, points[r].code);
    if (context_.solution.weights != nullptr) {
      context_.solution.weights[first + r * problem.columns] = static_cast<float>(points[r].value);
    }
  }
}

}  // namespace gossamer
