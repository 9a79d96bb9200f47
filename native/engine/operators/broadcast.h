// Multidirectional broadcasting: which element of each operand meets which element of the result.
#pragma once
#include <algorithm>
#include <cstddef>

#include "engine/operator.h"

namespace gossamer {

// The dims of the result of `count` operands; ERR_ENGINE_SHAPE where they do not fit one another.
Dims BroadcastDims(const char* op, const Tensor* const* inputs, size_t count);

constexpr size_t kMostOperands = 3;

// Axes of size 1 are dropped and neighbours merged where every operand allows it: most sums have one or two axes left.
struct Broadcast {
  size_t rank;                               // at least 1
  size_t sizes[kMaxRank];                    // of the result
  size_t strides[kMostOperands][kMaxRank];   // of each operand, in elements; 0 where it is repeated
  size_t Inner() const { return sizes[rank - 1]; }
  // How far operand k goes on with the next element of a row, 0 or 1, and with the next row.
  size_t Step(size_t k) const { return strides[k][rank - 1]; }
  size_t RowStride(size_t k) const { return rank < 2 ? 0 : strides[k][rank - 2]; }
};
Broadcast PlanBroadcast(const Dims& result, const Tensor* const* inputs, size_t count);

// Calls piece(at, offsets, rows, cols) for elements [first, end) of the result, cut into matrices: the piece begins at
// element `at` of the result, whose rows follow one another, and at element offsets[k] of operand k.
template <size_t kOperands, class Piece>
void ForPieces(const Broadcast& plan, size_t first, size_t end, const Piece& piece) {
  if (first >= end) return;
  const size_t inner = plan.Inner(), outer = plan.rank - 1;
  size_t index[kMaxRank] = {}, rest = first / inner, col = first % inner;
  for (size_t d = outer; d-- > 0; rest /= plan.sizes[d]) index[d] = rest % plan.sizes[d];
  for (size_t at = first; at < end;) {
    size_t offsets[kOperands];
    for (size_t k = 0; k < kOperands; ++k) {
      offsets[k] = col * plan.Step(k);
      for (size_t d = 0; d < outer; ++d) offsets[k] += index[d] * plan.strides[k][d];
    }
    size_t rows = 1, cols = std::min(inner - col, end - at);
    if (col == 0 && outer > 0 && end - at >= inner) {
      rows = std::min(plan.sizes[outer - 1] - index[outer - 1], (end - at) / inner);
    }
    piece(at, offsets, rows, cols);
    at += rows * cols;
    col = (col + cols) % inner;
    if (col != 0 || outer == 0) continue;
    index[outer - 1] += rows;
    for (size_t d = outer - 1; d > 0 && index[d] == plan.sizes[d]; --d) {
      index[d] = 0;
      ++index[d - 1];
    }
  }
}

}  // namespace gossamer
