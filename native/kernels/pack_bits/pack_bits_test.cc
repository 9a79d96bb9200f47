#include "kernels/pack_bits/pack_bits.h"

#include <doctest/doctest.h>

#include "testing/cases.h"
#include "testing/guarded.h"
#include "testing/random_bytes.h"

using namespace gossamer;

namespace {

// Bit by bit: bit b of element i is bit i * bits + b of the little-endian stream.
std::vector<uint8_t> OraclePack(const std::vector<uint8_t>& codes, size_t bits) {
  std::vector<uint8_t> packed((codes.size() * bits + 7) / 8);
  for (size_t i = 0; i < codes.size(); ++i) {
    for (size_t b = 0; b < bits; ++b) {
      const size_t at = i * bits + b;
      if (codes[i] >> b & 1) packed[at / 8] = static_cast<uint8_t>(packed[at / 8] | 1 << at % 8);
    }
  }
  return packed;
}

template <class PackFn, class UnpackFn>
void CheckBothWays(size_t bits, VariantList<PackFn> pack, VariantList<UnpackFn> unpack) {
  for (size_t n : AwkwardLengths()) {
    const std::vector<uint8_t> codes = RandomBytes(n, static_cast<unsigned>(n));  // high bits set too: they are ignored
    const std::vector<uint8_t> packed = OraclePack(codes, bits);
    for (Edge edge : {Edge::kFront, Edge::kBack}) {
      for (const auto& variant : Runnable(pack)) {
        CAPTURE(std::string(IsaName(variant.isa)));
        Guarded<uint8_t> in(codes, edge), out(packed.size(), edge);
        variant.fn(in.data(), n, out.data());
        REQUIRE(SameBits(out.Copy(), packed));
      }
      for (const auto& variant : Runnable(unpack)) {
        for (bool is_signed : {false, true}) {
          CAPTURE(std::string(IsaName(variant.isa)));
          const int levels = 1 << bits;
          std::vector<uint8_t> expected(n);
          for (size_t i = 0; i < n; ++i) {
            const int code = codes[i] % levels;
            expected[i] = static_cast<uint8_t>(is_signed && code >= levels / 2 ? code - levels : code);
          }
          Guarded<uint8_t> in(packed, edge), out(n, edge);
          variant.fn(in.data(), n, is_signed, out.data());
          REQUIRE(SameBits(out.Copy(), expected));
        }
      }
    }
  }
}

}  // namespace

TEST_CASE("nibbles: every variant packs and unpacks as the bit stream says") {
  CheckBothWays(4, PackNibblesVariants(), UnpackNibblesVariants());
}

TEST_CASE("crumbs: every variant packs and unpacks as the bit stream says") {
  CheckBothWays(2, PackCrumbsVariants(), UnpackCrumbsVariants());
}
