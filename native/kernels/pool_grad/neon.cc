#include "kernels/simd/neon.h"

#include "kernels/pool_grad/simd.h"
