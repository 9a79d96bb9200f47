#include "kernels/simd/avx512.h"

#include "kernels/error_stats/simd.h"
