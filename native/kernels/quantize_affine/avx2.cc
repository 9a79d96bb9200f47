#include "kernels/simd/avx2.h"

#include "kernels/quantize_affine/simd.h"
