#include "kernels/simd/neon.h"

#include "kernels/binary_f32/simd.h"
