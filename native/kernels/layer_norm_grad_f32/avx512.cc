#include "kernels/simd/avx512.h"

#include "kernels/layer_norm_grad_f32/simd.h"
