#include "kernels/pool_grad/pool_grad.h"

namespace gossamer {

GOSSAMER_DEFINE_KERNEL(MaxPoolGrad)
GOSSAMER_DEFINE_KERNEL(AveragePoolGrad)

}  // namespace gossamer
