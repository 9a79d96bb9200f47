#include "kernels/gemm_f64/gemm_f64.h"

namespace gossamer {

GOSSAMER_DEFINE_KERNEL(SubtractProductF64)

}  // namespace gossamer
