#include "kernels/simd/avx2.h"

#include "kernels/min_max/simd.h"
