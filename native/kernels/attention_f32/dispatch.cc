#include "kernels/attention_f32/attention_f32.h"

namespace gossamer {

GOSSAMER_DEFINE_KERNEL(AttentionF32)

}  // namespace gossamer
