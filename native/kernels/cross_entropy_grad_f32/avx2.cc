#include "kernels/simd/avx2.h"

#include "kernels/cross_entropy_grad_f32/simd.h"
