#include "kernels/gemm_bf16/gemm_bf16.h"

namespace gossamer {

static constexpr Variant<GemmBf16Fn> kGemmBf16Variants[] = {
#if GOSSAMER_X86_64
    {Isa::kAvx512Bf16, GemmBf16Avx512Bf16},
#endif
    {Isa::kScalar, GemmBf16Scalar},
};

VariantList<GemmBf16Fn> GemmBf16Variants() { return List(kGemmBf16Variants); }

GemmBf16Fn& GemmBf16() {
  static GemmBf16Fn& best = Select(List(kGemmBf16Variants));
  return best;
}

bool GemmBf16IsFast() { return &GemmBf16() != &GemmBf16Scalar; }

}  // namespace gossamer
