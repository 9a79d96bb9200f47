#include "kernels/depthwise_f32/depthwise_f32.h"

namespace gossamer {

GOSSAMER_DEFINE_KERNEL(DepthwiseF32)

}  // namespace gossamer
