// Packed 4-bit and 2-bit codes: every variant against the definition, and there and back.
#include "kernels/pack_bits/pack_bits.h"

#include "fuzz/input.h"

using namespace gossamer;

namespace {

void Fuzz(Input& input, unsigned bits, VariantList<PackNibblesFn> pack, VariantList<UnpackNibblesFn> unpack) {
  const size_t count = input.Size(700), bytes = (count * bits + 7) / 8;
  const bool is_signed = input.Bool();
  Exact<uint8_t> packed(input.Bytes(bytes), input), codes(input.Bytes(count), input);
  // One by one: code i is `bits` bits from bit i * bits on, sign-extended.
  std::vector<uint8_t> expected_codes(count), expected_packed(bytes);
  for (size_t i = 0; i < count; ++i) {
    const size_t shift = i * bits % 8;
    const unsigned mask = (1u << bits) - 1, code = packed.data()[i * bits / 8] >> shift & mask;
    const bool negative = is_signed && (code >> (bits - 1)) != 0;
    expected_codes[i] = static_cast<uint8_t>(negative ? code | ~mask : code);
    expected_packed[i * bits / 8] |= static_cast<uint8_t>((codes.data()[i] & mask) << shift);
  }
  ForEachVariant(unpack, [&](UnpackNibblesFn& fn, const char* isa) {
    Exact<uint8_t> out(count, input);
    fn(packed.data(), count, is_signed, out.data());
    Require(SameBits(out.Copy(), expected_codes), "unpack", isa);
  });
  ForEachVariant(pack, [&](PackNibblesFn& fn, const char* isa) {
    Exact<uint8_t> out(bytes, input);
    fn(codes.data(), count, out.data());
    Require(SameBits(out.Copy(), expected_packed), "pack", isa);
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  if (input.Bool()) {
    Fuzz(input, 4, PackNibblesVariants(), UnpackNibblesVariants());
  } else {
    Fuzz(input, 2, PackCrumbsVariants(), UnpackCrumbsVariants());
  }
  return 0;
}
