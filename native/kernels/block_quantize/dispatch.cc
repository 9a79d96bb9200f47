#include "kernels/block_quantize/block_quantize.h"

namespace gossamer {

GOSSAMER_DEFINE_KERNEL(QuantizeBlocks)
GOSSAMER_DEFINE_KERNEL(QuantizeColumns)
GOSSAMER_DEFINE_KERNEL(QuantizeColumnsPacked)

}  // namespace gossamer
