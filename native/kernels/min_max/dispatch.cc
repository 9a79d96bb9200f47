#include "kernels/min_max/min_max.h"

namespace gossamer {

GOSSAMER_DEFINE_KERNEL(MinMax)
GOSSAMER_DEFINE_KERNEL(MinMaxColumns)

}  // namespace gossamer
