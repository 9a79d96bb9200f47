// Second moments, factorizations and the solvers of layers over them.
#include "addon/operations.h"
#include "addon/scheme.h"
#include "linalg/factor.h"
#include "linalg/follow_inputs.h"
#include "linalg/gram.h"
#include "linalg/output_error.h"
#include "linalg/refine_rows.h"
#include "linalg/solve_columns.h"
#include "linalg/solve_rows.h"

namespace gossamer {
namespace {

// Arguments 0 .. 3 of what works on a layer: w [rows, columns], rows, columns, and a matrix [columns, columns].
struct LayerArguments {
  Array<const float> w;
  size_t rows, columns;
  const double* square;
};

LayerArguments ReadLayer(Arguments& args, const char* square) {
  const Array<const float> w = args.In<float>(0, "w");
  const size_t rows = args.Size(1, "rows"), columns = args.Size(2, "columns");
  RequireLength("w", w.length, Product("rows * columns", rows, columns));
  const Array<const double> matrix = args.In<double>(3, square);
  RequireLength(square, matrix.length, Product("columns * columns", columns, columns));
  return {w, rows, columns, matrix.data};
}

// Arguments first .. first + 7: kind (0 none, 1 affine, 2 levels), blockSize, scales, zeroPoints, quantMin, quantMax,
// levels, tables. Scales and zero points may be missing where they are outputs.
SolverGrid ReadGrid(Arguments& args, size_t first, size_t rows, size_t columns, bool has_scales) {
  SolverGrid grid{};
  grid.kind = static_cast<GridKind>(args.Integer(first, "kind", 0, 2));
  grid.block_size = args.Size(first + 1, "blockSize");
  if (grid.block_size == 0) throw ArgumentError{"ERR_BAD_OPTION", "blockSize: expected an integer > 0, received 0"};
  if (grid.kind == GridKind::kNone) return grid;
  const size_t blocks = Product("scales", rows, columns == 0 ? 0 : (columns - 1) / grid.block_size + 1);
  if (has_scales) {
    const Array<const float> scales = args.In<float>(first + 2, "scales");
    RequireLength("scales", scales.length, blocks);
    grid.scales = scales.data;
  }
  if (grid.kind == GridKind::kAffine) {
    if (has_scales) {
      const Array<const float> zero_points = args.In<float>(first + 3, "zeroPoints");
      RequireLength("zeroPoints", zero_points.length, blocks);
      grid.zero_points = zero_points.data;
    }
    grid.quant_min = args.Integer(first + 4, "quantMin", -65536, 65535);
    grid.quant_max = args.Integer(first + 5, "quantMax", grid.quant_min, grid.quant_min + 65535);
    grid.level_count = static_cast<size_t>(grid.quant_max - grid.quant_min) + 1;
    return grid;
  }
  const Array<const float> levels = args.In<float>(first + 6, "levels");
  grid.tables = args.Size(first + 7, "tables");
  if (grid.tables != 1 && grid.tables != rows) throw ArgumentError{"ERR_BAD_OPTION", "tables: expected 1 or one a row"};
  grid.level_count = grid.tables == 0 ? 1 : levels.length / grid.tables;
  RequireLength("levels", levels.length, Product("levels", grid.tables, grid.level_count));
  if (grid.level_count < 1 || grid.level_count > 256) {
    throw ArgumentError{"ERR_WRONG_LENGTH", "levels: expected 1 to 256 a table"};
  }
  grid.levels = levels.data;
  return grid;
}

// A Uint8Array for up to 256 codes, else a Uint16Array; nothing where there is no grid.
CodeOutput ReadCodes(Arguments& args, size_t index, const SolverGrid& grid, size_t count) {
  if (grid.kind == GridKind::kNone) return {nullptr, nullptr};
  if (grid.level_count <= 256) return {args.OutBytes(index, "codes", count).data, nullptr};
  return {nullptr, args.Out<uint16_t>(index, "codes", count).data};
}

}  // namespace

Work PrepareAddGram(Arguments& args) {
  const Array<const float> x = args.In<float>(0, "x");
  const bool is_cross = !args.IsMissing(1);
  Array<const float> y{nullptr, 0};
  if (is_cross) y = args.In<float>(1, "y");
  const size_t columns = args.Size(2, "columns");
  if (columns == 0) RequireLength("x", x.length, 0);
  const size_t count = columns == 0 ? 0 : x.length / columns;
  RequireLength("x", x.length, count * columns);
  if (is_cross) RequireLength("y", y.length, x.length);
  const Array<double> sums = args.Out<double>(3, "sums", Product("sums", columns, columns));
  const float* right = is_cross ? y.data : nullptr;
  return [=](AbortFlag abort) { return AddGram(x.data, right, count, columns, sums.data, abort); };
}

Work PrepareFactorMatrix(Arguments& args) {
  const int32_t what = args.Integer(0, "what", 0, 2);
  const Array<const double> a = args.In<double>(1, "a");
  const size_t n = args.Size(2, "n");
  const double lambda = args.Number(3, "lambda");
  RequireLength("a", a.length, Product("n * n", n, n));
  const Array<double> out = args.Out<double>(4, "out", a.length), failed = args.Out<double>(5, "failedAt", 1);
  return [=](AbortFlag abort) {
    size_t failed_at = kFactored;
    bool done;
    if (what == 0) {
      done = Cholesky(a.data, n, out.data, &failed_at, abort);
    } else if (what == 1) {
      done = InverseSpd(a.data, n, out.data, &failed_at, abort);
    } else {
      done = ReverseCholesky(a.data, n, lambda, out.data, &failed_at, abort);
    }
    *failed.data = failed_at == kFactored ? -1 : static_cast<double>(failed_at);
    return done;
  };
}

Work PrepareFollowInputs(Arguments& args) {
  const Array<const float> w = args.In<float>(0, "w");
  const size_t rows = args.Size(1, "rows"), columns = args.Size(2, "columns");
  RequireLength("w", w.length, Product("rows * columns", rows, columns));
  const size_t squared = Product("columns * columns", columns, columns);
  const Array<const double> second = args.In<double>(3, "second"), cross = args.In<double>(4, "cross"),
                            r = args.In<double>(5, "r");
  RequireLength("second", second.length, squared);
  RequireLength("cross", cross.length, squared);
  RequireLength("r", r.length, squared);
  const Array<float> out = args.Out<float>(6, "out", w.length);
  return [=](AbortFlag abort) {
    return FollowInputs(w.data, rows, columns, second.data, cross.data, r.data, out.data, abort);
  };
}

Work PrepareOutputError(Arguments& args) {
  const Array<const float> changed = args.In<float>(0, "changed"), target = args.In<float>(1, "target");
  const size_t columns = args.Size(2, "columns");
  const size_t rows = columns == 0 ? 0 : changed.length / columns;
  RequireLength("changed", changed.length, rows * columns);
  RequireLength("target", target.length, changed.length);
  const Array<const double> second = args.In<double>(3, "second");
  RequireLength("second", second.length, Product("columns * columns", columns, columns));
  const Array<double> error = args.Out<double>(4, "error", 1);
  return [=](AbortFlag abort) {
    return OutputError(changed.data, target.data, rows, second.data, columns, error.data, abort);
  };
}

// w, rows, columns, moment, kept, sweeps, weights, losses
Work PrepareRefineRows(Arguments& args) {
  const auto [w, rows, columns, moment] = ReadLayer(args, "moment");
  RefineProblem problem{w.data, rows, columns, moment, nullptr, 0, nullptr, nullptr};
  const Array<const uint8_t> kept = args.InBytes(4, "kept");
  RequireLength("kept", kept.length, w.length);
  problem.kept = kept.data;
  problem.sweeps = args.Size(5, "sweeps");
  problem.weights = args.Out<float>(6, "weights", w.length).data;
  problem.losses = args.Out<double>(7, "losses", problem.rows).data;
  return [=](AbortFlag abort) { return RefineRows(problem, abort); };
}

// w, rows, columns, r, order; 5: grid; 13: fits, scheme, importance, scales, zeroPoints; 23: mask kind, kept, block
// size, sparsity, keep; 28: codes, weights, losses.
Work PrepareSolveColumns(Arguments& args) {
  const auto [w, rows, columns, r] = ReadLayer(args, "r");
  ColumnProblem problem{};
  problem.w = w.data;
  problem.rows = rows;
  problem.columns = columns;
  problem.r = r;
  if (!args.IsMissing(4)) {
    const Array<const int32_t> order = args.In<int32_t>(4, "order");
    RequireLength("order", order.length, columns);
    std::vector<bool> is_there(columns);
    for (size_t j = 0; j < columns; ++j) {
      const size_t column = static_cast<size_t>(order.data[j]);
      if (column >= columns || is_there[column]) {
        throw ArgumentError{"ERR_BAD_OPTION", "order: expected each column once"};
      }
      is_there[column] = true;
    }
    problem.order = order.data;
  }
  const bool fits = args.Boolean(13, "fits");
  problem.grid = ReadGrid(args, 5, rows, columns, !fits);
  BlockFit fit{};
  if (fits) {
    if (problem.grid.kind != GridKind::kAffine || problem.order != nullptr) {
      throw ArgumentError{"ERR_BAD_OPTION", "fits: expected an affine grid and no order"};
    }
    fit.scheme = ReadScheme(args, 14);
    const size_t blocks = Product("scales", rows, columns == 0 ? 0 : (columns - 1) / problem.grid.block_size + 1);
    if (!args.IsMissing(20)) {
      const Array<const double> importance = args.In<double>(20, "importance");
      RequireLength("importance", importance.length, columns);
      fit.importance = importance.data;
    }
    fit.scales = args.Out<float>(21, "scales", blocks).data;
    fit.zero_points = args.Out<float>(22, "zeroPoints", blocks).data;
    problem.grid.scales = fit.scales;
    problem.grid.zero_points = fit.zero_points;
    problem.grid.quant_min = fit.scheme.code_min;
    problem.grid.quant_max = fit.scheme.code_max;
    problem.grid.level_count = static_cast<size_t>(fit.scheme.code_max - fit.scheme.code_min) + 1;
  }
  problem.mask.kind = static_cast<MaskKind>(args.Integer(23, "mask", 0, 3));
  Array<uint8_t> kept{nullptr, 0};
  if (problem.mask.kind == MaskKind::kGiven) {
    const Array<const uint8_t> given = args.InBytes(24, "kept");
    RequireLength("kept", given.length, w.length);
    kept = {const_cast<uint8_t*>(given.data), given.length};  // only read
  } else if (problem.mask.kind != MaskKind::kNone) {
    kept = args.OutBytes(24, "kept", w.length);
    problem.mask.block_size = args.Size(25, "blockSize");
    problem.mask.sparsity = args.Number(26, "sparsity");
    problem.mask.keep = args.Size(27, "keep");
    if (problem.mask.block_size == 0 || !(problem.mask.sparsity >= 0 && problem.mask.sparsity <= 1)) {
      throw ArgumentError{"ERR_BAD_OPTION", "mask: expected blocks of columns and a sparsity in [0, 1]"};
    }
    if (problem.mask.kind == MaskKind::kGroups && problem.order != nullptr) {
      throw ArgumentError{"ERR_BAD_OPTION", "mask: expected no order with groups"};
    }
  }
  problem.mask.kept = kept.data;
  ColumnSolution solution{};
  solution.codes = ReadCodes(args, 28, problem.grid, w.length);
  if (!args.IsMissing(29)) solution.weights = args.Out<float>(29, "weights", w.length).data;
  solution.losses = args.Out<double>(30, "losses", rows).data;
  return [=](AbortFlag abort) {
    ColumnProblem own = problem;
    own.fit = fits ? &fit : nullptr;
    return SolveColumns(own, solution, abort);
  };
}

// w, rows, columns, inverse; 4: grid; 12: isGreedy, counts, codes, weights, fixed, losses; 18: kept, block size, keep.
Work PrepareSolveRows(Arguments& args) {
  const auto [w, rows, columns, inverse] = ReadLayer(args, "inverse");
  RowProblem problem{};
  problem.w = w.data;
  problem.rows = rows;
  problem.columns = columns;
  problem.inverse = inverse;
  problem.grid = ReadGrid(args, 4, problem.rows, problem.columns, true);
  problem.order = args.Boolean(12, "isGreedy") ? RowOrder::kGreedy : RowOrder::kColumns;
  if (!args.IsMissing(13)) {
    const Array<const int32_t> counts = args.In<int32_t>(13, "counts");
    RequireLength("counts", counts.length, problem.rows);
    for (size_t r = 0; r < problem.rows; ++r) {
      if (counts.data[r] < 0 || static_cast<size_t>(counts.data[r]) > problem.columns) {
        throw ArgumentError{"ERR_BAD_OPTION", "counts: expected numbers of columns"};
      }
    }
    problem.counts = counts.data;
  }
  RowSolution solution{};
  solution.codes = ReadCodes(args, 14, problem.grid, w.length);
  solution.weights = args.Out<float>(15, "weights", w.length).data;
  solution.fixed = args.Out<int32_t>(16, "fixed", w.length).data;
  solution.losses = args.Out<double>(17, "losses", w.length).data;
  if (!args.IsMissing(18)) {
    const Array<const uint8_t> kept = args.InBytes(18, "kept");
    RequireLength("kept", kept.length, w.length);
    problem.mask.kept = kept.data;
  }
  problem.mask.block_size = args.Size(19, "blockSize");
  problem.mask.keep = args.Size(20, "keep");
  if (problem.mask.keep > problem.mask.block_size) {
    throw ArgumentError{"ERR_BAD_OPTION", "keep: expected no more than the block size"};
  }
  return [=](AbortFlag abort) { return SolveRows(problem, solution, abort); };
}

}  // namespace gossamer
