#include "kernels/binary_u8/binary_u8.h"

namespace gossamer {

GOSSAMER_DEFINE_KERNEL(BinaryU8)

}  // namespace gossamer
