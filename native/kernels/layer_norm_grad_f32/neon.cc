#include "kernels/simd/neon.h"

#include "kernels/layer_norm_grad_f32/simd.h"
