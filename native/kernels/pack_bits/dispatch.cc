#include "kernels/pack_bits/pack_bits.h"

namespace gossamer {

GOSSAMER_DEFINE_KERNEL(PackNibbles)
GOSSAMER_DEFINE_KERNEL(UnpackNibbles)
GOSSAMER_DEFINE_KERNEL(PackCrumbs)
GOSSAMER_DEFINE_KERNEL(UnpackCrumbs)

}  // namespace gossamer
