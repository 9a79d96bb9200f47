#include "kernels/simd/neon.h"

#include "kernels/quantize_affine/simd.h"
