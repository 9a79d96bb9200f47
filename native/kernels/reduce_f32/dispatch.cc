#include "kernels/reduce_f32/reduce_f32.h"

namespace gossamer {

GOSSAMER_DEFINE_KERNEL(ReduceRowsF32)
GOSSAMER_DEFINE_KERNEL(ReduceColumnsF32)

}  // namespace gossamer
