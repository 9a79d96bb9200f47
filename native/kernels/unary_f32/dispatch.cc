#include "kernels/unary_f32/unary_f32.h"

namespace gossamer {

GOSSAMER_DEFINE_KERNEL(ActivateF32)
GOSSAMER_DEFINE_KERNEL(UnaryF32)

}  // namespace gossamer
