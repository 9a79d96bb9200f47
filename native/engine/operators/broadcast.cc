#include "engine/operators/broadcast.h"

#include "engine/operators/arguments.h"

namespace gossamer {

Dims BroadcastDims(const char* op, const Tensor* const* inputs, size_t count) {
  Dims result = inputs[0]->dims;
  for (size_t k = 1; k < count; ++k) {
    const Dims& b = inputs[k]->dims;
    if (b == result) continue;
    const size_t rank = std::max(result.Rank(), b.Rank());
    const size_t skip_a = rank - result.Rank(), skip_b = rank - b.Rank();
    Dims merged;
    for (size_t d = 0; d < rank; ++d) {
      const int64_t size_a = d < skip_a ? 1 : result[d - skip_a], size_b = d < skip_b ? 1 : b[d - skip_b];
      if (size_a != size_b && size_a != 1 && size_b != 1) {
        RefuseShape(op, "inputs that broadcast", result.Text() + " and " + b.Text());
      }
      merged.Append(size_a == 1 ? size_b : size_a);
    }
    result = merged;
  }
  return result;
}

Broadcast PlanBroadcast(const Dims& result, const Tensor* const* inputs, size_t count) {
  Broadcast plan{};
  size_t next[kMostOperands];  // the stride of the next axis to the left, in the operand itself
  std::fill(next, next + kMostOperands, size_t{1});
  // From the right; turned round below.
  for (size_t d = result.Rank(); d-- > 0;) {
    const size_t size = static_cast<size_t>(result[d]);
    if (size == 1) continue;
    size_t strides[kMostOperands];
    for (size_t k = 0; k < count; ++k) {
      const Dims& dims = inputs[k]->dims;
      const size_t skip = result.Rank() - dims.Rank();
      const size_t own = d < skip ? 1 : static_cast<size_t>(dims[d - skip]);
      strides[k] = own == 1 ? 0 : next[k];
      next[k] *= own;
    }
    bool merges = plan.rank > 0;
    for (size_t k = 0; merges && k < count; ++k) {
      merges = strides[k] == plan.sizes[plan.rank - 1] * plan.strides[k][plan.rank - 1];
    }
    if (merges) {
      plan.sizes[plan.rank - 1] *= size;
      continue;
    }
    plan.sizes[plan.rank] = size;
    for (size_t k = 0; k < count; ++k) plan.strides[k][plan.rank] = strides[k];
    ++plan.rank;
  }
  if (plan.rank == 0) {
    plan.sizes[plan.rank++] = 1;
    return plan;
  }
  std::reverse(plan.sizes, plan.sizes + plan.rank);
  for (size_t k = 0; k < count; ++k) std::reverse(plan.strides[k], plan.strides[k] + plan.rank);
  return plan;
}

}  // namespace gossamer
