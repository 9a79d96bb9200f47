// What stays of pruned layers, brought nearer to the least loss by sweeps over it.
#pragma once
#include "engine/thread_pool.h"

namespace gossamer {

struct RefineProblem {
  const float* w;  // [rows, columns]: what was
  size_t rows, columns;
  const double* moment;  // [columns, columns]: the damped second moment, symmetric, its diagonal above 0
  const uint8_t* kept;   // [rows, columns]: 0: stays as it is
  size_t sweeps;
  float* weights;  // [rows, columns]: what it became, and is made better
  double* losses;  // [rows]: (w - weights) moment (w - weights)ᵀ in the end
};

// A sweep sets each weight that is kept, from left to right, to what is least for (w - weights) moment (w - weights)ᵀ with
// all others as they are: Gauss-Seidel on the normal equations of what is kept. No sweep raises the loss; the limit is
// the least squares solution. In float64, each sum one chain of fused multiply-adds in the order of the columns, so that
// nothing depends on how the work is split. rows * columns^2 multiply-adds a sweep; 8 bytes an element of the moment.
// False when aborted.
//
// Source: the exact reconstruction that SparseGPT (arXiv:2301.00774, section 3.2) stands in for, solved by iteration as in
// Golub and Van Loan, Matrix Computations, section 11.2.
bool RefineRows(const RefineProblem& problem, AbortFlag abort);

}  // namespace gossamer
