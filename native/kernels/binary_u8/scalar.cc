// The definition: the formulas of simd.h on one lane of portable C++.
#include "kernels/simd/scalar.h"

#include "kernels/simd/fixed_scalar.h"

#include "kernels/binary_u8/simd.h"
