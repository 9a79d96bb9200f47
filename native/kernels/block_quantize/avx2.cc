#include "kernels/simd/avx2.h"

#include "kernels/block_quantize/simd.h"
