#include "kernels/gemm_nbits/gemm_nbits.h"

namespace gossamer {
namespace {

constexpr Variant<GemmNbitsInt8Fn> kInt8Variants[] = {
#if GOSSAMER_X86_64
    {Isa::kAvx512Vnni, GemmNbitsInt8Avx512Vnni},
    {Isa::kAvxVnni, GemmNbitsInt8AvxVnni},
    {Isa::kAvx2, GemmNbitsInt8Avx2},
#elif GOSSAMER_AARCH64
    {Isa::kNeonDotprod, GemmNbitsInt8NeonDotprod},
    {Isa::kNeon, GemmNbitsInt8Neon},
#endif
    {Isa::kScalar, GemmNbitsInt8Scalar},
};

}  // namespace

GOSSAMER_DEFINE_KERNEL(QuantizeRowsNbits)
GOSSAMER_DEFINE_KERNEL(GemmNbitsFloat)

VariantList<GemmNbitsInt8Fn> GemmNbitsInt8Variants() { return List(kInt8Variants); }

GemmNbitsInt8Fn& GemmNbitsInt8() {
  static GemmNbitsInt8Fn& best = Select(GemmNbitsInt8Variants());
  return best;
}

}  // namespace gossamer
