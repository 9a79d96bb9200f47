#include "kernels/simd/neon.h"

#include "kernels/unary_f32/simd.h"
