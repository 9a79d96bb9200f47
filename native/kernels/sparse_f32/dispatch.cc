#include "kernels/sparse_f32/sparse_f32.h"

namespace gossamer {

GOSSAMER_DEFINE_KERNEL(SparseF32)

}  // namespace gossamer
