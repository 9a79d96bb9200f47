#include "kernels/simd/avx2.h"

#include "kernels/simd/fixed_avx2.h"
#include "kernels/simd/int8_avx2.h"

#include "kernels/requantize_i32/simd.h"
