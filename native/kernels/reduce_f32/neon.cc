#include "kernels/simd/neon.h"

#include "kernels/reduce_f32/simd.h"
