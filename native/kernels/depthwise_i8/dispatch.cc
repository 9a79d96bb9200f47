#include "kernels/dispatch.h"

#include "kernels/depthwise_i8/depthwise_i8.h"

namespace gossamer {

static constexpr Variant<DepthwiseI8Fn> kDepthwiseI8Variants[] = {
#if GOSSAMER_X86_64
    {Isa::kAvx512Vnni, DepthwiseI8Avx512Vnni}, {Isa::kAvx512, DepthwiseI8Avx512},
    {Isa::kAvxVnni, DepthwiseI8AvxVnni},       {Isa::kAvx2, DepthwiseI8Avx2},
#elif GOSSAMER_AARCH64
    {Isa::kNeonI8mm, DepthwiseI8NeonI8mm},
    {Isa::kNeonDotprod, DepthwiseI8NeonDotprod},
    {Isa::kNeon, DepthwiseI8Neon},
#endif
    {Isa::kScalar, DepthwiseI8Scalar},
};

VariantList<DepthwiseI8Fn> DepthwiseI8Variants() { return List(kDepthwiseI8Variants); }

DepthwiseI8Fn& DepthwiseI8() {
  static DepthwiseI8Fn& best = Select(List(kDepthwiseI8Variants));
  return best;
}

}  // namespace gossamer
