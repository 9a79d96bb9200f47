#include "kernels/granularity.h"

#include <algorithm>

namespace gossamer {

size_t TensorLayout::Count() const { return outer * axis * inner; }

size_t TensorLayout::BlocksPerAxis() const { return axis == 0 ? 0 : (axis - 1) / block_size + 1; }

size_t TensorLayout::ParameterCount() const {
  switch (granularity) {
    case Granularity::kPerTensor: return 1;
    case Granularity::kPerAxis: return axis;
    case Granularity::kPerBlock: return outer * BlocksPerAxis() * inner;
  }
  return 0;
}

Segment SegmentAt(const TensorLayout& layout, size_t offset, size_t end) {
  if (layout.granularity == Granularity::kPerTensor) return {offset, end - offset, 0, false};
  const size_t row = offset / layout.inner, i = offset % layout.inner;
  const size_t o = row / layout.axis, a = row % layout.axis;
  if (layout.granularity == Granularity::kPerAxis) {
    if (layout.inner == 1) return {offset, std::min(layout.axis - a, end - offset), a, true};
    return {offset, std::min(layout.inner - i, end - offset), a, false};
  }
  const size_t block = o * layout.BlocksPerAxis() + a / layout.block_size;
  if (layout.inner == 1) {
    const size_t left = std::min(layout.block_size - a % layout.block_size, layout.axis - a);
    return {offset, std::min(left, end - offset), block, false};
  }
  return {offset, std::min(layout.inner - i, end - offset), block * layout.inner + i, true};
}

}  // namespace gossamer
