#include "kernels/simd/avx512.h"

#include "kernels/histogram/simd.h"
