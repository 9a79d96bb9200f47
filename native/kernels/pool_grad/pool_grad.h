// The gradients of pools over images whose channels lie together (NHWC): what one row of outputs adds to dx. PoolRow and
// AverageCounts as in kernels/pool/pool.h; x and dx begin at the first pixel of the windows' first row, and dx is laid
// out as x is. Bit-exact across variants: each window adds to dx in the order of the outputs.
#pragma once
#include "kernels/pool/pool.h"

namespace gossamer {

// dy of each window is added where x first is y, rows first; where y is NaN, at the first NaN.
using MaxPoolGradFn = void(const float* dy, const float* x, const float* y, const PoolRow& row, float* dx);

// dy / count is added to all elements of the window that lie in the image.
using AveragePoolGradFn = void(const float* dy, const PoolRow& row, const AverageCounts& counts, float* dx);

MaxPoolGradFn MaxPoolGradScalar, MaxPoolGradAvx2, MaxPoolGradAvx512, MaxPoolGradNeon;
AveragePoolGradFn AveragePoolGradScalar, AveragePoolGradAvx2, AveragePoolGradAvx512, AveragePoolGradNeon;

VariantList<MaxPoolGradFn> MaxPoolGradVariants();
VariantList<AveragePoolGradFn> AveragePoolGradVariants();

MaxPoolGradFn& MaxPoolGrad();  // best one for this CPU
AveragePoolGradFn& AveragePoolGrad();

}  // namespace gossamer
