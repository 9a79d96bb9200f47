#include "linalg/solve_columns.h"

#include <algorithm>

#include "linalg/row_tile.h"

namespace gossamer {
namespace {

// Columns are visited in blocks within blocks. When one comes up, it takes into account the columns before it in the
// block around it; those before that one it has taken into account as a part of it.
struct Level {
  size_t size;
  bool fits, chooses;  // what happens when a block comes up: scales are found, a mask is chosen
};

// Blocks of the problem, the larger around the smaller (one size divides the other), and between them blocks that make
// products efficient.
std::vector<Level> LevelsOf(const ColumnProblem& problem) {
  const size_t fit = problem.fit == nullptr ? 0 : problem.grid.block_size;
  const bool chooses = problem.mask.kind == MaskKind::kShare || problem.mask.kind == MaskKind::kGroups;
  const size_t mask = chooses ? problem.mask.block_size : 0;
  std::vector<Level> levels;
  if (fit != 0) levels.push_back({fit, true, mask == fit});
  if (mask != 0 && mask != fit) levels.push_back({mask, false, true});
  for (size_t wanted : {kMatrixPanel, size_t{16}}) {
    size_t inner = 1;
    for (const Level& level : levels) inner = level.size <= wanted ? std::max(inner, level.size) : inner;
    const size_t size = wanted / inner * inner;
    const bool exists = std::any_of(levels.begin(), levels.end(), [&](const Level& l) { return l.size == size; });
    if (!exists && size > 1) levels.push_back({size, false, false});
  }
  std::sort(levels.begin(), levels.end(), [](const Level& a, const Level& b) { return a.size > b.size; });
  return levels;
}

class ColumnSolver {
 public:
  ColumnSolver(const ColumnContext& context, AbortFlag abort)
      : context_(context),
        mask_(context.problem.mask),
        abort_(abort),
        levels_(LevelsOf(context.problem)),
        tiles_((context.problem.rows + kTileRows - 1) / kTileRows) {}

  bool Run() {
    const bool loaded = ForTiles([&](size_t t) { tiles_[t].reset(new RowTile(context_, t * kTileRows)); });
    if (!loaded) return false;
    const size_t columns = context_.problem.columns;
    if (mask_.kind == MaskKind::kShare) return VisitTogether(0, 0, columns);
    return ForTiles([&](size_t t) { Visit(*tiles_[t], 0, 0, columns); });
  }

 private:
  bool ForTiles(const std::function<void(size_t)>& body) {
    return ThreadPool::Process().ParallelFor(tiles_.size(), abort_, body);
  }

  // Columns c0 .. c1 - 1, in blocks of a level.
  void Visit(RowTile& tile, size_t at, size_t c0, size_t c1) {
    for (size_t begin = c0, end; begin < c1; begin = end) {
      end = at == levels_.size() ? begin + 1 : std::min(c1, begin + std::min(c1 - begin, levels_[at].size));
      tile.Update(begin, end, c0, begin);
      if (at == levels_.size()) {
        tile.FixColumn(begin);
        continue;
      }
      if (levels_[at].fits) tile.Fit(begin, end);
      if (levels_[at].chooses) tile.ChooseGroups(begin, end);
      Visit(tile, at + 1, begin, end);
    }
  }

  // The same of all tiles down to the level where the mask is chosen over all rows.
  bool VisitTogether(size_t at, size_t c0, size_t c1) {
    const Level level = levels_[at];
    for (size_t begin = c0, end; begin < c1; begin = end) {
      end = std::min(c1, begin + std::min(c1 - begin, level.size));
      const bool updated = ForTiles([&](size_t t) {
        tiles_[t]->Update(begin, end, c0, begin);
        if (level.fits) tiles_[t]->Fit(begin, end);
      });
      if (!updated) return false;
      if (!level.chooses) {
        if (!VisitTogether(at + 1, begin, end)) return false;
        continue;
      }
      if (!ChooseShare(begin, end)) return false;
      if (!ForTiles([&](size_t t) { Visit(*tiles_[t], at + 1, begin, end); })) return false;
    }
    return true;
  }

  // The mask of columns c0 .. c1 - 1 of all rows; of equal scores the first is removed.
  bool ChooseShare(size_t c0, size_t c1) {
    const size_t width = c1 - c0, count = context_.problem.rows * width;
    scores_.resize(count);
    places_.resize(count);
    if (!ForTiles([&](size_t t) { tiles_[t]->Score(c0, c1, scores_.data()); })) return false;
    for (size_t i = 0; i < count; ++i) places_[i] = i;
    const size_t removed = std::min(count, static_cast<size_t>(mask_.sparsity * static_cast<double>(count)));
    const auto is_less = [&](size_t a, size_t b) {
      return scores_[a] != scores_[b] ? scores_[a] < scores_[b] : a < b;
    };
    const auto middle = places_.begin() + static_cast<std::ptrdiff_t>(removed);
    if (middle != places_.end()) std::nth_element(places_.begin(), middle, places_.end(), is_less);
    for (size_t i = 0; i < count; ++i) {
      const size_t row = places_[i] / width, column = context_.ColumnOf(c0 + places_[i] % width);
      mask_.kept[row * context_.problem.columns + column] = i < removed ? 0 : 1;
    }
    return true;
  }

  const ColumnContext& context_;
  const MaskRule& mask_;
  AbortFlag abort_;
  std::vector<Level> levels_;
  std::vector<std::unique_ptr<RowTile>> tiles_;
  std::vector<double> scores_;
  std::vector<size_t> places_;
};

}  // namespace

bool SolveColumns(const ColumnProblem& problem, const ColumnSolution& solution, AbortFlag abort) {
  const size_t n = problem.columns;
  std::fill_n(solution.losses, problem.rows, 0.0);
  if (problem.rows == 0 || n == 0) return true;
  const PanelMatrix shares(n, PanelMatrix::Shape::kUpper);
  const bool filled = ThreadPool::Process().ParallelFor(PanelsOf(n), abort, [&](size_t panel) {
    const size_t begin = PanelBegin(panel), end = PanelEnd(panel, n);
    for (size_t p = 0; p < end; ++p) {
      double* row = shares.Row(panel, p);
      for (size_t c = begin; c < end; ++c) row[c - begin] = p < c ? problem.r[p * n + c] / problem.r[c * n + c] : 0;
    }
  });
  if (!filled) return false;
  const ColumnContext context{problem, solution, shares};
  return ColumnSolver(context, abort).Run();
}

}  // namespace gossamer
