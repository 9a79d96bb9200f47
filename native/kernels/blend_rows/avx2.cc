#include "kernels/simd/avx2.h"

#include "kernels/blend_rows/simd.h"
