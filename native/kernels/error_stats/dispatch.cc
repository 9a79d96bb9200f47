#include "kernels/error_stats/error_stats.h"

namespace gossamer {

GOSSAMER_DEFINE_KERNEL(ErrorBlock)

}  // namespace gossamer
