#include "kernels/layer_norm_grad_f32/layer_norm_grad_f32.h"

namespace gossamer {

GOSSAMER_DEFINE_KERNEL(LayerNormGradF32)

}  // namespace gossamer
