#include "kernels/optimizer_f32/optimizer_f32.h"

namespace gossamer {

GOSSAMER_DEFINE_KERNEL(OptimizerStep)
GOSSAMER_DEFINE_KERNEL(SumOfSquares)
GOSSAMER_DEFINE_KERNEL(ScaleF32)
GOSSAMER_DEFINE_KERNEL(AddToF32)

}  // namespace gossamer
