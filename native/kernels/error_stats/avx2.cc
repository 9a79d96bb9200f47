#include "kernels/simd/avx2.h"

#include "kernels/error_stats/simd.h"
