#include "kernels/simd/neon.h"

#include "kernels/blend_rows/simd.h"
