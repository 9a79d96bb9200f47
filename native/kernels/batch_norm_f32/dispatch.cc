#include "kernels/batch_norm_f32/batch_norm_f32.h"

namespace gossamer {

GOSSAMER_DEFINE_KERNEL(ColumnSumsF32)
GOSSAMER_DEFINE_KERNEL(ColumnMomentsF32)
GOSSAMER_DEFINE_KERNEL(BatchNormApplyF32)
GOSSAMER_DEFINE_KERNEL(BatchNormGradSumsF32)
GOSSAMER_DEFINE_KERNEL(BatchNormGradApplyF32)

}  // namespace gossamer
