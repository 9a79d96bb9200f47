// The definition: the formulas of simd.h and of the headers it includes, on one lane of portable C++.
#include "kernels/simd/scalar.h"

#include "kernels/activation_grad_f32/simd.h"
