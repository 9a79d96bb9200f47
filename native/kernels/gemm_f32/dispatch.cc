#include "kernels/gemm_f32/gemm_f32.h"

namespace gossamer {

GOSSAMER_DEFINE_KERNEL(GemmF32)
GOSSAMER_DEFINE_KERNEL(GemmTransposedF32)

}  // namespace gossamer
