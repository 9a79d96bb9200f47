#include "kernels/simd/neon.h"

#include "kernels/block_quantize/simd.h"
