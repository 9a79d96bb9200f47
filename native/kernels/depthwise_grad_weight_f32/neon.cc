#include "kernels/simd/neon.h"

#include "kernels/depthwise_grad_weight_f32/simd.h"
