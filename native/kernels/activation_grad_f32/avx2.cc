#include "kernels/simd/avx2.h"

#include "kernels/activation_grad_f32/simd.h"
