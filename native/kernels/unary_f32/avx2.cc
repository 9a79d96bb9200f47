#include "kernels/simd/avx2.h"

#include "kernels/unary_f32/simd.h"
