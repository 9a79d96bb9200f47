#include "kernels/simd/avx512.h"

#include "kernels/depthwise_grad_weight_f32/simd.h"
