// The definition: the formulas of simd.h, on one lane of portable C++.
#include "kernels/simd/scalar.h"

#include "kernels/batch_norm_f32/simd.h"
