#include "kernels/simd/avx512.h"

#include "kernels/activation_grad_f32/simd.h"
