#include "kernels/blend_rows/blend_rows.h"

namespace gossamer {

GOSSAMER_DEFINE_KERNEL(BlendRows)

}  // namespace gossamer
