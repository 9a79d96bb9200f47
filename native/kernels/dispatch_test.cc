#include "kernels/dispatch.h"

#include <doctest/doctest.h>

#include <set>
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

TEST_CASE("names are the words of GOSSAMER_ISA, each its own") {
  CHECK(std::string(IsaName(Isa::kScalar)) == "scalar");
  CHECK(std::string(IsaName(Isa::kNeonI8mm)) == "neon_i8mm");
  CHECK(std::string(IsaName(Isa::kAvxVnni)) == "avxvnni");
  CHECK(std::string(IsaName(Isa::kAvx512)) == "avx512");
  std::set<std::string> names;
  for (Isa isa : kAllIsas) names.insert(IsaName(isa));
  CHECK(names.size() == sizeof kAllIsas / sizeof kAllIsas[0]);
}

TEST_CASE("an AVX-512 extension is there only with those before it") {
  const Isa chain[] = {Isa::kAvx2, Isa::kAvx512, Isa::kAvx512Vnni, Isa::kAvx512Vbmi, Isa::kAvx512Bf16};
  for (size_t i = 1; i < 5; ++i) {
    if (IsaAvailable(chain[i])) CHECK(IsaAvailable(chain[i - 1]));
  }
  if (IsaAvailable(Isa::kAvxVnni)) CHECK(IsaAvailable(Isa::kAvx2));
}
