#include "kernels/simd/avx512.h"

#include "kernels/softmax_f32/simd.h"
