#include "kernels/simd/avx2.h"

#include "kernels/depthwise_grad_weight_f32/simd.h"
