#include "kernels/simd/avx512.h"

#include "kernels/batch_norm_f32/simd.h"
