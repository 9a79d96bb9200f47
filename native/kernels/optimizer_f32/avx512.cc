#include "kernels/simd/avx512.h"

#include "kernels/optimizer_f32/simd.h"
