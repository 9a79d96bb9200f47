#include "kernels/cross_entropy_grad_f32/cross_entropy_grad_f32.h"

namespace gossamer {

GOSSAMER_DEFINE_KERNEL(CrossEntropyGradF32)
GOSSAMER_DEFINE_KERNEL(CrossEntropyGradColumnsF32)

}  // namespace gossamer
