#include "kernels/quantize_affine/quantize_affine.h"

namespace gossamer {

GOSSAMER_DEFINE_KERNEL(QuantizeAffine)
GOSSAMER_DEFINE_KERNEL(QuantizeAffineEach)
GOSSAMER_DEFINE_KERNEL(DequantizeAffine)
GOSSAMER_DEFINE_KERNEL(DequantizeAffineEach)

}  // namespace gossamer
