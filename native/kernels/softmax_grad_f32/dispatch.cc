#include "kernels/softmax_grad_f32/softmax_grad_f32.h"

namespace gossamer {

GOSSAMER_DEFINE_KERNEL(SoftmaxGradF32)
GOSSAMER_DEFINE_KERNEL(SoftmaxGradColumnsF32)

}  // namespace gossamer
