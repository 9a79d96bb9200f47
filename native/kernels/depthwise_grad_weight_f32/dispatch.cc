#include "kernels/depthwise_grad_weight_f32/depthwise_grad_weight_f32.h"

namespace gossamer {

GOSSAMER_DEFINE_KERNEL(DepthwiseGradWeightF32)

}  // namespace gossamer
