#include "kernels/small_float/small_float.h"

namespace gossamer {

GOSSAMER_DEFINE_KERNEL(F32ToF16)
GOSSAMER_DEFINE_KERNEL(F16ToF32)
GOSSAMER_DEFINE_KERNEL(F32ToBf16)
GOSSAMER_DEFINE_KERNEL(Bf16ToF32)

}  // namespace gossamer
