#include "kernels/binary_f32/binary_f32.h"

namespace gossamer {

GOSSAMER_DEFINE_KERNEL(BinaryF32)

}  // namespace gossamer
