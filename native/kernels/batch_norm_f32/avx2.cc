#include "kernels/simd/avx2.h"

#include "kernels/batch_norm_f32/simd.h"
