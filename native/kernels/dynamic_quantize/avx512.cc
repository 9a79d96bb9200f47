#include "kernels/simd/avx512.h"

#include "kernels/simd/int8_avx512.h"

#include "kernels/dynamic_quantize/simd.h"
