#include "kernels/simd/neon.h"

#include "kernels/softmax_f32/simd.h"
