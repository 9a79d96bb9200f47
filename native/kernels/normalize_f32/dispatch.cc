#include "kernels/normalize_f32/normalize_f32.h"

namespace gossamer {

GOSSAMER_DEFINE_KERNEL(NormalizeF32)
GOSSAMER_DEFINE_KERNEL(MomentsF32)
GOSSAMER_DEFINE_KERNEL(AffineF32)

}  // namespace gossamer
