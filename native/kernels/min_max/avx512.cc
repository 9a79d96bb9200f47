#include "kernels/simd/avx512.h"

#include "kernels/min_max/simd.h"
