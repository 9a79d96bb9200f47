// The definition: the formulas of simd.h, on one lane of portable C++.
#include "kernels/simd/scalar.h"

#include "kernels/pool_grad/simd.h"
