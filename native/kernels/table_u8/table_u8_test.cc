#include "kernels/table_u8/table_u8.h"

#include <doctest/doctest.h>

#include "testing/cases.h"
#include "testing/guarded.h"

using namespace gossamer;

TEST_CASE("TableU8: every variant looks every byte up, apart and in place") {
  std::vector<uint8_t> table(256);
  for (size_t i = 0; i < 256; ++i) table[i] = static_cast<uint8_t>(i * 167 + 13);
  for (const auto& variant : Runnable(TableU8Variants())) {
    CAPTURE(std::string(IsaName(variant.isa)));
    for (size_t n : AwkwardLengths()) {
      std::vector<uint8_t> x(n), expected(n);
      for (size_t i = 0; i < n; ++i) {
        x[i] = static_cast<uint8_t>(i * 7 + n);
        expected[i] = static_cast<uint8_t>(x[i] * 167 + 13);
      }
      for (Edge edge : {Edge::kFront, Edge::kBack}) {
        Guarded<uint8_t> entries(table, edge), in(x, edge, 1), out(n, edge, 1);
        variant.fn(entries.data(), in.data(), n, out.data());
        REQUIRE(SameBits(out.Copy(), expected));
        variant.fn(entries.data(), in.data(), n, in.data());
        REQUIRE(SameBits(in.Copy(), expected));
      }
    }
  }
}
