#include "kernels/simd/avx2.h"

#include "kernels/optimizer_f32/simd.h"
