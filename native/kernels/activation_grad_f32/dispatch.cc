#include "kernels/activation_grad_f32/activation_grad_f32.h"

namespace gossamer {

GOSSAMER_DEFINE_KERNEL(ActivationGradF32)

}  // namespace gossamer
