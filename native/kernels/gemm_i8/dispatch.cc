#include "kernels/dispatch.h"

#include "kernels/gemm_i8/gemm_i8.h"

namespace gossamer {

static constexpr Variant<GemmI8Fn> kGemmI8Variants[] = {
#if GOSSAMER_X86_64
    {Isa::kAvx512Vnni, GemmI8Avx512Vnni}, {Isa::kAvx512, GemmI8Avx512},
    {Isa::kAvxVnni, GemmI8AvxVnni},       {Isa::kAvx2, GemmI8Avx2},
#elif GOSSAMER_AARCH64
    {Isa::kNeonI8mm, GemmI8NeonI8mm},
    {Isa::kNeonDotprod, GemmI8NeonDotprod},
    {Isa::kNeon, GemmI8Neon},
#endif
    {Isa::kScalar, GemmI8Scalar},
};

VariantList<GemmI8Fn> GemmI8Variants() { return List(kGemmI8Variants); }

GemmI8Fn& GemmI8() {
  static GemmI8Fn& best = Select(List(kGemmI8Variants));
  return best;
}

GOSSAMER_DEFINE_KERNEL(RowSumsI8)

}  // namespace gossamer
