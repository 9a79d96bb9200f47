#include "kernels/conv_grad_weight_f32/conv_grad_weight_f32.h"

namespace gossamer {

GOSSAMER_DEFINE_KERNEL(ConvGradWeightF32)

}  // namespace gossamer
