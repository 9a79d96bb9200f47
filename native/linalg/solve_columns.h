// The second-order solver of layers: columns are fixed from left to right, and what that costs is made up for by the
// columns to the right.
#pragma once
#include "engine/thread_pool.h"
#include "kernels/block_quantize/block_quantize.h"
#include "linalg/solver_grid.h"

namespace gossamer {

// Scales that are found while solving: a block's when its first column comes up, from the weights as they then are. The
// search for the clip is that of block_quantize, its squared error weighed by the importance of each column, in
// float64, where there is one.
struct BlockFit {
  BlockScheme scheme;
  const double* importance;  // [columns] or null
  float* scales;             // [rows, blocks]; the grid's scales and zero points are these
  float* zero_points;
};

// kGiven: `kept` says which weights stay. The others write it, choosing when a block of columns comes up: kShare removes
// floor(sparsity * elements) of a block over all rows, by least w^2 r_jj^2; kGroups all but `keep` of each row's block, of
// a shorter last one the same share, rounded up, one by one: what costs least, w_q^2 / inverse_qq, when all that is left
// of the block and behind it makes up for what is gone.
enum class MaskKind : uint8_t { kNone, kGiven, kShare, kGroups };
struct MaskRule {
  MaskKind kind;
  uint8_t* kept;  // [rows, columns], 0 or not
  size_t block_size;
  double sparsity;
  size_t keep;
};

struct ColumnProblem {
  const float* w;  // [rows, columns]
  size_t rows, columns;
  // [columns, columns], upper: the damped second moment is r rᵀ.
  const double* r;
  // Column order[j] of w is the j-th to be fixed, and belongs to row and column j of r; null: in their order. With a
  // fit or kGroups there is none.
  const int32_t* order;
  SolverGrid grid;
  const BlockFit* fit;  // null: none. grid.kind is kAffine then
  MaskRule mask;
};

struct ColumnSolution {
  CodeOutput codes;  // of the grid; a removed weight has the code nearest to 0
  float* weights;    // [rows, columns] or null
  double* losses;    // [rows]: the sum of (d r)_j^2, which is (w - weights) (damped moment) (w - weights)ᵀ
};

// The loss of errors d = w - q is |d r|^2, of which only (d_j r_jj + sum over p < j of d_p r_pj)^2 depends on q_j once the
// columns before are fixed: q_j is what the grid has nearest to w_j + sum d_p r_pj / r_jj. That is the w_j of GPTQ, which
// takes e = (w_j - q) / u_jj and w_k -= e u_jk with u the inverse of r; r itself does without the inverse. Where weights
// of a block are looked at together (scales, masks), they are those of GPTQ, which columns of the block to come have made
// up for the ones before it. All in float64, each weight one chain of fused multiply-adds in the order of the columns, so
// that nothing depends on how the work is split. A removed weight is 0, or what the grid has nearest to 0; what stays
// without a grid is rounded to float. False when aborted.
//
// rows * columns^2 / 2 multiply-adds; 8 bytes a weight, and 4 for each element of r.
//
// Source: Frantar et al., GPTQ (arXiv:2210.17323), algorithm 1; Frantar and Alistarh, SparseGPT (arXiv:2301.00774),
// algorithm 1 (kGroups chooses as OBC does, arXiv:2208.11580, algorithm 1); the form without the inverse: Chee et al., QuIP (arXiv:2307.13304), section 3, LDLQ.
bool SolveColumns(const ColumnProblem& problem, const ColumnSolution& solution, AbortFlag abort);

}  // namespace gossamer
