#include "kernels/dynamic_quantize/dynamic_quantize.h"

namespace gossamer {

GOSSAMER_DEFINE_KERNEL(RangeF32)
GOSSAMER_DEFINE_KERNEL(QuantizeU8)

}  // namespace gossamer
