// The exact greedy solver of layers: of each row the weight whose loss is least is fixed next.
#pragma once
#include "engine/thread_pool.h"
#include "linalg/solver_grid.h"

namespace gossamer {

enum class RowOrder : uint8_t { kGreedy, kColumns };  // least loss first, or from left to right

// Which weights may be fixed: those that are 0 in `kept` (null: all), and of each row's block of columns, the last one
// maybe shorter, no more than leave `keep` of block_size (rounded up).
struct RowMask {
  const uint8_t* kept;  // [rows, columns] or null
  size_t block_size;    // 0: no blocks
  size_t keep;
};

struct RowProblem {
  const float* w;  // [rows, columns]
  size_t rows, columns;
  const double* inverse;  // [columns, columns]: the inverse of the damped second moment; its upper triangle is read
  SolverGrid grid;        // kNone: weights are removed
  RowOrder order;
  const int32_t* counts;  // [rows]: how many weights of a row are fixed, where so many may be; null: all that may be
  RowMask mask;           // not with a grid
};

struct RowSolution {
  CodeOutput codes;  // where there is a grid and all are fixed
  float* weights;    // [rows, columns]
  int32_t* fixed;    // [rows, columns]: the column of each step, -1 behind the last
  double* losses;    // [rows, columns]: what each step adds to (w - weights) (damped moment) (w - weights)ᵀ, else 0
};

// Step: p is, of those that may be fixed, the column of least (w_p - q_p)^2 / g_pp, q_p the grid's nearest value or 0, g the inverse of the moment
// of the columns left; the first of equals. With a grid, a weight beyond its ends by more than half the last step goes
// first: it would only be pushed further. Then w -= (w_p - q_p) / g_pp * g_p, and g loses its row and column p: g -=
// g_p g_pᵀ / g_pp. In float64. Rows are independent; columns^3 / 3 multiply-adds and 8 columns^2 bytes for each in
// flight. False when aborted.
//
// Source: Frantar, Singh and Alistarh, Optimal Brain Compression (arXiv:2208.11580), algorithms 1 and 3, section 5.
bool SolveRows(const RowProblem& problem, const RowSolution& solution, AbortFlag abort);

}  // namespace gossamer
