#include "kernels/simd/neon.h"

#include "kernels/min_max/simd.h"
