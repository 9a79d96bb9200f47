#include "kernels/simd/avx2.h"

#include "kernels/histogram/simd.h"
