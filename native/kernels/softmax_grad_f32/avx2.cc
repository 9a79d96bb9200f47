#include "kernels/simd/avx2.h"

#include "kernels/softmax_grad_f32/simd.h"
