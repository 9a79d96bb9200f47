#include "kernels/simd/avx512.h"

#include "kernels/normalize_f32/simd.h"
