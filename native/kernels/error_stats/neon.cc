#include "kernels/simd/neon.h"

#include "kernels/error_stats/simd.h"
