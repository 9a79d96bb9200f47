#include "kernels/simd/avx512.h"

#include "kernels/simd/fixed_avx512.h"
#include "kernels/simd/int8_avx512.h"

#include "kernels/binary_u8/simd.h"
