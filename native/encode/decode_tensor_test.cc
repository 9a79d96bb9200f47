#include "encode/decode_tensor.h"

#include <doctest/doctest.h>

#include "encode/logistic.h"
#include "testing/random_bytes.h"

using namespace gossamer;

TEST_CASE("DecodeTensor: raw, and what is no stream") {
  const std::vector<uint8_t> stream{0, 1, 2, 3, 4};
  std::vector<uint8_t> out(4);
  const TensorSpec spec{2, {2, 2}, 4};
  REQUIRE(DecodeTensor(stream.data(), stream.size(), spec, out.data()));
  CHECK(out == std::vector<uint8_t>{1, 2, 3, 4});
  CHECK_FALSE(DecodeTensor(stream.data(), 4, spec, out.data()));
  CHECK_FALSE(DecodeTensor(stream.data(), 0, spec, out.data()));
  const std::vector<uint8_t> unknown{10, 0, 0};
  CHECK_FALSE(DecodeTensor(unknown.data(), unknown.size(), spec, out.data()));
}

TEST_CASE("Squash is the inverse of Stretch, to the steps of a probability") {
  for (uint32_t p = 16; p < 65520; p += 7) {
    const auto back = static_cast<int>(Squash(Stretch()[p]));
    CHECK(back - static_cast<int>(p) <= 1);
    CHECK(static_cast<int>(p) - back <= 1);
  }
}
