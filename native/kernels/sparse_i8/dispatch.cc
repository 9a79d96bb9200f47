#include "kernels/sparse_i8/sparse_i8.h"

namespace gossamer {

// Without a lookup in 64 bytes a sparse product is no faster than a dense one, so AVX2 and AVX-512 without VBMI have
// none: ChooseSparseI8 takes the dense kernels there.
static constexpr Variant<SparseI8Fn> kSparseI8Variants[] = {
#if GOSSAMER_X86_64
    {Isa::kAvx512Vbmi, SparseI8Avx512Vbmi},
#elif GOSSAMER_AARCH64
    {Isa::kNeonI8mm, SparseI8NeonI8mm},
    {Isa::kNeonDotprod, SparseI8NeonDotprod},
#endif
    {Isa::kScalar, SparseI8Scalar},
};

VariantList<SparseI8Fn> SparseI8Variants() { return List(kSparseI8Variants); }

SparseI8Fn& SparseI8() {
  static SparseI8Fn& best = Select(List(kSparseI8Variants));
  return best;
}

}  // namespace gossamer
