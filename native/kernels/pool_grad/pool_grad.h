// The gradients of pools over images whose channels lie together (NHWC): what one row of outputs is to dx. PoolRow and
// AverageCounts as in kernels/pool/pool.h; x and dx begin at the first pixel of the windows' first row, and dx is laid
// out as x is. Bit-exact across variants: each window adds to dx in the order of the outputs.
#pragma once
#include "kernels/pool/pool.h"

namespace gossamer {

// What becomes of the elements of a window. kSet is for windows that do not overlap, of this row and of others: dx need
// not be cleared there.
enum class PoolGradMode : uint8_t { kAdd, kSet };

// dy of each window goes where x first is y, rows first; where y is NaN, to the first NaN; 0 to its other elements.
using MaxPoolGradFn = void(const float* dy, const float* x, const float* y, const PoolRow& row, PoolGradMode mode,
                           float* dx);

// dy / count goes to all elements of the window that lie in the image.
using AveragePoolGradFn = void(const float* dy, const PoolRow& row, const AverageCounts& counts, PoolGradMode mode,
                               float* dx);

MaxPoolGradFn MaxPoolGradScalar, MaxPoolGradAvx2, MaxPoolGradAvx512, MaxPoolGradNeon;
AveragePoolGradFn AveragePoolGradScalar, AveragePoolGradAvx2, AveragePoolGradAvx512, AveragePoolGradNeon;

VariantList<MaxPoolGradFn> MaxPoolGradVariants();
VariantList<AveragePoolGradFn> AveragePoolGradVariants();

MaxPoolGradFn& MaxPoolGrad();  // best one for this CPU
AveragePoolGradFn& AveragePoolGrad();

}  // namespace gossamer
