#include "kernels/simd/neon.h"

#include "kernels/activation_grad_f32/simd.h"
