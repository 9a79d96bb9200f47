#include "kernels/simd/neon.h"

#include "kernels/simd/fixed_neon.h"
#include "kernels/simd/int8_neon.h"

#include "kernels/binary_u8/simd.h"
