// Weighted sums of rows: what an interpolation along an axis does for everything behind that axis at once.
#pragma once
#include <cstddef>

#include "kernels/dispatch.h"

namespace gossamer {

// y[i] = weights[0] * rows[0][i] + weights[1] * rows[1][i] + ... for i < count, in float32, in that order and without
// fused multiply-adds; 0 without rows. y overlaps no row. Bit-exact across variants, but for which NaN is made.
using BlendRowsFn = void(const float* const* rows, const float* weights, size_t taps, size_t count, float* y);

BlendRowsFn BlendRowsScalar, BlendRowsAvx2, BlendRowsAvx512, BlendRowsNeon;
VariantList<BlendRowsFn> BlendRowsVariants();
BlendRowsFn& BlendRows();  // best one for this CPU

}  // namespace gossamer
