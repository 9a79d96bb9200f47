#include "kernels/simd/neon.h"

#include "kernels/batch_norm_f32/simd.h"
