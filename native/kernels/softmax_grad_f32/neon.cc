#include "kernels/simd/neon.h"

#include "kernels/softmax_grad_f32/simd.h"
