#include "kernels/simd/avx512.h"

#include "kernels/pool_grad/simd.h"
