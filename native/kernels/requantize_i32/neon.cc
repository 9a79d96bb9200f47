#include "kernels/simd/neon.h"

#include "kernels/simd/fixed_neon.h"
#include "kernels/simd/int8_neon.h"

#include "kernels/requantize_i32/simd.h"
