#include "kernels/simd/neon.h"

#include "kernels/optimizer_f32/simd.h"
