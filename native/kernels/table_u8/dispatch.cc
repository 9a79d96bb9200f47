#include "kernels/table_u8/table_u8.h"

namespace gossamer {

static constexpr Variant<TableU8Fn> kTableU8Variants[] = {
#if GOSSAMER_X86_64
    {Isa::kAvx512Vbmi, TableU8Avx512Vbmi},
    {Isa::kAvx2, TableU8Avx2},
#elif GOSSAMER_AARCH64
    {Isa::kNeon, TableU8Neon},
#endif
    {Isa::kScalar, TableU8Scalar},
};

VariantList<TableU8Fn> TableU8Variants() { return List(kTableU8Variants); }

TableU8Fn& TableU8() {
  static TableU8Fn& best = Select(List(kTableU8Variants));
  return best;
}

}  // namespace gossamer
