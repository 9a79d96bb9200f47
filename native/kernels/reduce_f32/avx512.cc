#include "kernels/simd/avx512.h"

#include "kernels/reduce_f32/simd.h"
