#include "kernels/dispatch.h"

#include <doctest/doctest.h>

#include <string>

#include "kernels/quantize_affine/quantize_affine.h"

using namespace gossamer;

TEST_CASE("the scalar definition is always available and every table ends with it") {
  CHECK(IsaAvailable(Isa::kScalar));
  const VariantList<QuantizeAffineFn> table = QuantizeAffineVariants();
  CHECK(table.first[table.count - 1].isa == Isa::kScalar);
}

TEST_CASE("tables list the fastest first") {
  const VariantList<QuantizeAffineFn> table = QuantizeAffineVariants();
  for (size_t i = 1; i < table.count; ++i) CHECK(table.first[i - 1].isa > table.first[i].isa);
}

TEST_CASE("the selected variant is the first one that is available and not above the selected ISA") {
  for (const Variant<QuantizeAffineFn>& variant : QuantizeAffineVariants()) {
    if (variant.isa > SelectedIsa() || !IsaAvailable(variant.isa)) continue;
    CHECK((&QuantizeAffine() == variant.fn));
    break;
  }
}

TEST_CASE("names are the words of GOSSAMER_ISA") {
  CHECK(std::string(IsaName(Isa::kScalar)) == "scalar");
  CHECK(std::string(IsaName(Isa::kNeon)) == "neon");
  CHECK(std::string(IsaName(Isa::kAvx2)) == "avx2");
  CHECK(std::string(IsaName(Isa::kAvx512)) == "avx512");
}
