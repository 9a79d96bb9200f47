#include "kernels/simd/neon.h"

#include "kernels/normalize_f32/simd.h"
