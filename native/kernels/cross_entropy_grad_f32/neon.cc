#include "kernels/simd/neon.h"

#include "kernels/cross_entropy_grad_f32/simd.h"
