#include "kernels/simd/avx512.h"

#include "kernels/blend_rows/simd.h"
