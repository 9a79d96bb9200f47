#include "kernels/histogram/histogram.h"

namespace gossamer {

GOSSAMER_DEFINE_KERNEL(CountBins)

}  // namespace gossamer
