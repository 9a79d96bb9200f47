#include "kernels/simd/avx512.h"

#include "kernels/simd/fixed_avx512.h"
#include "kernels/simd/int8_avx512.h"

#include "kernels/requantize_i32/simd.h"
