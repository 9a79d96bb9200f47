#include "kernels/requantize_i32/requantize_i32.h"

namespace gossamer {

GOSSAMER_DEFINE_KERNEL(RequantizeI32)

}  // namespace gossamer
