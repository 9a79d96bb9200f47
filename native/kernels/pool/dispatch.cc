#include "kernels/pool/pool.h"

namespace gossamer {

GOSSAMER_DEFINE_KERNEL(MaxPoolFloat)
GOSSAMER_DEFINE_KERNEL(MaxPoolUint8)
GOSSAMER_DEFINE_KERNEL(AveragePoolFloat)
GOSSAMER_DEFINE_KERNEL(AveragePoolUint8)

}  // namespace gossamer
