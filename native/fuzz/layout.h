// A tensor's layout from a fuzzer's bytes, and which parameter each element of it has.
#pragma once
#include "fuzz/input.h"
#include "kernels/granularity.h"

namespace gossamer {

// At most `max` elements; axes of any length, 0 too. Any block size > 0, as the addon checks.
inline TensorLayout LayoutOf(Input& input, size_t max) {
  TensorLayout layout{};
  layout.granularity = static_cast<Granularity>(input.Byte() % 3);
  layout.inner = input.Size(20);
  layout.axis = input.Size(max / std::max<size_t>(layout.inner, 1));
  layout.outer = input.Size(std::min<size_t>(9, max / std::max<size_t>(layout.inner * layout.axis, 1)));
  layout.block_size = input.Bool() ? 1 + input.Size(70) : size_t{1} << (input.Byte() % 53);
  return layout;
}

// The index of element `at`'s parameter, by the words of granularity.h.
inline size_t ParameterOf(const TensorLayout& layout, size_t at) {
  if (layout.granularity == Granularity::kPerTensor) return 0;
  const size_t i = at % layout.inner, a = at / layout.inner % layout.axis, o = at / layout.inner / layout.axis;
  if (layout.granularity == Granularity::kPerAxis) return a;
  const size_t blocks = (layout.axis - 1) / layout.block_size + 1;
  return (o * blocks + a / layout.block_size) * layout.inner + i;
}

}  // namespace gossamer
