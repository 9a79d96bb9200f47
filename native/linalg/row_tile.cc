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

// Of what is kept the element that costs least; of equal ones the first.
size_t LeastOf(const std::vector<double>& x, const std::vector<double>& inverse, const uint8_t* kept) {
  size_t least = x.size();
  double lowest = std::numeric_limits<double>::infinity();
  for (size_t c = 0; c < x.size(); ++c) {
    if (kept[c] == 0) continue;
    const double pivot = inverse[c * x.size() + c];
    const double score = pivot > 0 ? x[c] * x[c] / pivot : std::numeric_limits<double>::infinity();
    if (least < x.size() && !(score < lowest)) continue;
    least = c;
    lowest = std::isnan(score) ? std::numeric_limits<double>::infinity() : score;
  }
  return least;
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

std::vector<double> RowTile::InverseOfBlock(size_t c0, size_t c1) const {
  const size_t n = context_.problem.columns, count = c1 - c0;
  const auto r = [&](size_t p, size_t c) { return context_.problem.r[(c0 + p) * n + c0 + c]; };
  std::vector<double> v(count * count), inverse(count * count);
  for (size_t c = 0; c < count; ++c) {
    v[c * count + c] = 1 / r(c, c);
    for (size_t p = c; p-- > 0;) {
      double sum = 0;
      for (size_t k = p + 1; k <= c; ++k) sum += r(p, k) * v[k * count + c];
      v[p * count + c] = -sum / r(p, p);
    }
  }
  for (size_t i = 0; i < count; ++i) {
    for (size_t j = 0; j < count; ++j) {
      double sum = 0;
      for (size_t k = 0; k <= std::min(i, j); ++k) sum += v[k * count + i] * v[k * count + j];
      inverse[i * count + j] = sum;
    }
  }
  return inverse;
}

void RowTile::ChooseGroups(size_t c0, size_t c1) {
  const MaskRule& mask = context_.problem.mask;
  const size_t count = c1 - c0, keep = (mask.keep * count + mask.block_size - 1) / mask.block_size;
  const std::vector<double> free = FreeWeights(c0, c1), inverse = InverseOfBlock(c0, c1);
  std::vector<double> left, x(count);
  for (size_t r = 0; r < rows_; ++r) {
    uint8_t* kept = mask.kept + (first_row_ + r) * context_.problem.columns + c0;
    std::fill_n(kept, count, uint8_t{1});
    for (size_t c = 0; c < count; ++c) x[c] = free[c * kTileRows + r];
    left = inverse;
    for (size_t gone = 0; gone < count - keep; ++gone) {
      const size_t least = LeastOf(x, left, kept);
      kept[least] = 0;
      const double pivot = left[least * count + least];
      // Beyond what floats hold nothing can be made up for.
      if (!(pivot > 0) || !std::isfinite(x[least])) continue;
      for (size_t i = 0; i < count; ++i) {
        if (kept[i] == 0) continue;
        const double share = left[i * count + least] / pivot;
        x[i] -= share * x[least];
        for (size_t j = 0; j < count; ++j) left[i * count + j] -= share * left[least * count + j];
      }
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
