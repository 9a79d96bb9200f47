#include "kernels/simd/avx2.h"

#include "kernels/reduce_f32/simd.h"
