// The five arguments by which operations describe where parameters vary.
#pragma once
#include "addon/arguments.h"
#include "kernels/granularity.h"

namespace gossamer {

// Arguments index .. index + 4: granularity (0 tensor, 1 axis, 2 block), outer, axis, inner, blockSize. `x_length` must
// be outer * axis * inner.
TensorLayout ReadLayout(Arguments& args, size_t index, size_t x_length);

}  // namespace gossamer
