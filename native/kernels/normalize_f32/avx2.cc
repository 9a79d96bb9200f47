#include "kernels/simd/avx2.h"

#include "kernels/normalize_f32/simd.h"
