#include "kernels/simd/neon.h"

#include "kernels/histogram/simd.h"
