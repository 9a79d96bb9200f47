#include "kernels/simd/avx512.h"

#include "kernels/binary_f32/simd.h"
