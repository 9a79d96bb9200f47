#include "kernels/simd/neon.h"

#include "kernels/simd/int8_neon.h"

#include "kernels/dynamic_quantize/simd.h"
