// The scheme of quantization in blocks, as calls carry it.
#pragma once
#include "addon/arguments.h"
#include "kernels/block_quantize/block_quantize.h"

namespace gossamer {

// Arguments first .. first + 5: mapping (0 symmetric, 1 full, 2 asymmetric), codeMin, codeMax, codeZero, clipSteps,
// clipMin.
BlockScheme ReadScheme(Arguments& args, size_t first);

}  // namespace gossamer
