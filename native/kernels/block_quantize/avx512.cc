#include "kernels/simd/avx512.h"

#include "kernels/block_quantize/simd.h"
