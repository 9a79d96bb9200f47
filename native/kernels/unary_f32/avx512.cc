#include "kernels/simd/avx512.h"

#include "kernels/unary_f32/simd.h"
