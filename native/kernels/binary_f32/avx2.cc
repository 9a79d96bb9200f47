#include "kernels/simd/avx2.h"

#include "kernels/binary_f32/simd.h"
