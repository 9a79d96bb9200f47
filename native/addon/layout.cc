#include "addon/layout.h"

namespace gossamer {

TensorLayout ReadLayout(Arguments& args, size_t index, size_t x_length) {
  TensorLayout layout{};
  layout.granularity = static_cast<Granularity>(args.Integer(index, "granularity", 0, 2));
  layout.outer = args.Size(index + 1, "outer");
  layout.axis = args.Size(index + 2, "axis");
  layout.inner = args.Size(index + 3, "inner");
  layout.block_size = args.Size(index + 4, "blockSize");
  RequireLength("x", x_length, Product("outer * axis * inner", layout.outer, layout.axis, layout.inner));
  if (layout.block_size == 0) throw ArgumentError{"ERR_BAD_OPTION", "blockSize: expected an integer > 0, received 0"};
  return layout;
}

}  // namespace gossamer
