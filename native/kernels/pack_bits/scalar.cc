#include "kernels/pack_bits/pack_bits.h"

namespace gossamer {
namespace {

template <unsigned kBits>
void Pack(const uint8_t* codes, size_t count, uint8_t* packed) {
  constexpr size_t kPerByte = 8 / kBits;
  for (size_t i = 0; i < count; i += kPerByte) {
    unsigned byte = 0;
    for (size_t j = 0; j < kPerByte && i + j < count; ++j) {
      byte |= (codes[i + j] & ((1u << kBits) - 1)) << (j * kBits);
    }
    packed[i / kPerByte] = static_cast<uint8_t>(byte);
  }
}

template <unsigned kBits>
void Unpack(const uint8_t* packed, size_t count, bool is_signed, uint8_t* codes) {
  constexpr size_t kPerByte = 8 / kBits;
  // Flipping the sign bit and subtracting its weight extends the sign.
  const unsigned sign = is_signed ? 1u << (kBits - 1) : 0;
  for (size_t i = 0; i < count; ++i) {
    const unsigned code = (packed[i / kPerByte] >> (i % kPerByte * kBits)) & ((1u << kBits) - 1);
    codes[i] = static_cast<uint8_t>((code ^ sign) - sign);
  }
}

}  // namespace

void PackNibblesScalar(const uint8_t* codes, size_t count, uint8_t* packed) { Pack<4>(codes, count, packed); }

void UnpackNibblesScalar(const uint8_t* packed, size_t count, bool is_signed, uint8_t* codes) {
  Unpack<4>(packed, count, is_signed, codes);
}

void PackCrumbsScalar(const uint8_t* codes, size_t count, uint8_t* packed) { Pack<2>(codes, count, packed); }

void UnpackCrumbsScalar(const uint8_t* packed, size_t count, bool is_signed, uint8_t* codes) {
  Unpack<2>(packed, count, is_signed, codes);
}

}  // namespace gossamer
