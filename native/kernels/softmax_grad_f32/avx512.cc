#include "kernels/simd/avx512.h"

#include "kernels/softmax_grad_f32/simd.h"
