#include "kernels/simd/avx2.h"

#include "kernels/pool_grad/simd.h"
