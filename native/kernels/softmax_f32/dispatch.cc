#include "kernels/softmax_f32/softmax_f32.h"

namespace gossamer {

GOSSAMER_DEFINE_KERNEL(SoftmaxF32)
GOSSAMER_DEFINE_KERNEL(SoftmaxColumnsF32)

}  // namespace gossamer
