// A tensor seen along one axis: [outer, axis, inner] in row-major order.
#pragma once
#include "engine/operators/arguments.h"

namespace gossamer {

struct AxisView {
  size_t outer, size, inner;
};
// Axes first .. end - 1 as one.
inline AxisView ViewAxes(const Dims& dims, size_t first, size_t end) {
  return {dims.Count(0, first), dims.Count(first, end), dims.Count(end, dims.Rank())};
}
inline AxisView ViewAxis(const char* op, const Dims& dims, int64_t axis) {
  const size_t normal = NormalAxis(op, axis, dims.Rank());
  return ViewAxes(dims, normal, normal + 1);
}

// Calls body(outer, first, end) for columns [first, end) of each outer position, in tiles: the work down a column costs
// `cost` elementary operations.
template <class Body>
void ForColumns(RunContext& context, const AxisView& view, size_t cost, const Body& body) {
  // Wide enough for whole cache lines, narrow enough to share.
  constexpr size_t kColumns = 64;
  if (view.inner == 0) return;
  const size_t blocks = (view.inner - 1) / kColumns + 1;
  ForTiles(context, view.outer * blocks, cost * kColumns, [&](size_t first, size_t end) {
    while (first < end) {
      const size_t outer = first / blocks, block = first % blocks;
      const size_t last = end - first < blocks - block ? block + (end - first) : blocks;
      body(outer, block * kColumns, last * kColumns < view.inner ? last * kColumns : view.inner);
      first += last - block;
    }
  });
}

}  // namespace gossamer
