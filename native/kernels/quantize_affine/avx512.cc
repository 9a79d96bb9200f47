#include "kernels/simd/avx512.h"

#include "kernels/quantize_affine/simd.h"
