#include "kernels/gemm_nbits/pack.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "kernels/small_float/small_float.h"

namespace gossamer {
namespace {

constexpr std::align_val_t kAlignment{64};

unsigned PackedCode(const uint8_t* bytes, size_t index, unsigned bits) {
  const size_t at = index * bits;
  return (bytes[at / 8] >> (at % 8)) & ((1u << bits) - 1);
}

bool AllHalf(const float* x, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    uint16_t half;
    float back;
    F32ToF16()(x + i, 1, &half);
    F16ToF32()(&half, 1, &back);
    if (!(back == x[i])) return false;
  }
  return true;
}

// Four bytes of codes in order, low bits first, as a row's four bytes of a group: field f of byte j is code 4 * f + j.
uint32_t GroupOf(uint32_t codes, unsigned bits) {
  if (bits == 2) {  // a 4 x 4 matrix of fields, transposed: first within its quarters, then the quarters
    uint32_t swap = (codes ^ codes >> 6) & 0x00cc00cc;
    codes ^= swap ^ swap << 6;
    swap = (codes ^ codes >> 12) & 0x0000f0f0;
    return codes ^ swap ^ swap << 12;
  }
  if (bits == 8) return codes;
  const auto spread = [](uint32_t four) {  // each nibble of 16 bits into a byte
    four = (four | four << 8) & 0x00ff00ff;
    return (four | four << 4) & 0x0f0f0f0f;
  };
  return spread(codes & 0xffff) | spread(codes >> 16) << 4;
}

// One row of codes into its places of `to`, which is cleared.
void PackRow(const NbitsSource& source, const NbitsWeights& w, size_t row, uint8_t* to) {
  const size_t columns = 32 / source.bits;  // of a group: four bytes here and there
  const size_t place_groups = source.block_size / columns;
  const uint8_t* codes =
      source.codes + row * NbitsBlocks(source.k, source.block_size) * (source.block_size * source.bits / 8);
  for (size_t k = 0; k < source.k; k += columns, codes += 4) {
    const size_t place = NbitsPlace(w, row / kNbitsPanel, k / source.block_size);
    uint8_t* group = to + (place * place_groups + k % source.block_size / columns) * 64;
    uint32_t word = 0;
    for (unsigned j = 0; j < 4; ++j) word |= static_cast<uint32_t>(codes[j]) << (8 * j);
    if (source.k - k < columns) word &= (1u << (source.k - k) * source.bits) - 1;
    word = GroupOf(word, source.bits);
    for (unsigned j = 0; j < 4; ++j) group[row % kNbitsPanel * 4 + j] = static_cast<uint8_t>(word >> (8 * j));
  }
}

}  // namespace

void PackedNbits::Free::operator()(uint8_t* memory) const { ::operator delete(memory, kAlignment); }

// Cleared, and readable 64 bytes on: a kernel may load whole vectors of scales.
template <class T>
T* PackedNbits::Allocate(size_t count) {
  const size_t bytes = count * sizeof(T);
  uint8_t* memory = static_cast<uint8_t*>(::operator new(bytes + 64, kAlignment));
  std::memset(memory, 0, bytes + 64);
  pieces_[used_++] = Memory(memory);
  bytes_ += bytes;
  return reinterpret_cast<T*>(memory);
}

PackedNbits::PackedNbits(const NbitsSource& source) {
  const size_t blocks = NbitsBlocks(source.k, source.block_size), panels = NbitsPanels(source.n);
  const size_t panel_bytes = blocks * source.block_size * source.bits / 8 * kNbitsPanel;
  const size_t parameters = panels * blocks * kNbitsPanel;
  const auto at = [&](size_t row, size_t block) {
    return NbitsPlace(weights_, row / kNbitsPanel, block) * kNbitsPanel + row % kNbitsPanel;
  };
  uint8_t* codes = Allocate<uint8_t>(panels * panel_bytes);
  weights_ = {source.n, source.k,  source.block_size, source.bits, codes, nullptr, nullptr,
              nullptr,  nullptr,   1 << (source.bits - 1), nullptr};
  for (size_t row = 0; row < source.n; ++row) PackRow(source, weights_, row, codes);

  if (AllHalf(source.scales, source.n * blocks)) {
    uint16_t* scales = Allocate<uint16_t>(parameters);
    weights_.half_scales = scales;
    for (size_t row = 0; row < source.n; ++row) {
      for (size_t b = 0; b < blocks; ++b) F32ToF16()(source.scales + row * blocks + b, 1, scales + at(row, b));
    }
  } else {
    float* scales = Allocate<float>(parameters);
    weights_.scales = scales;
    for (size_t row = 0; row < source.n; ++row) {
      for (size_t b = 0; b < blocks; ++b) scales[at(row, b)] = source.scales[row * blocks + b];
    }
  }

  if (source.packed_zeros != nullptr) {
    const size_t row_bytes = (blocks * source.bits + 7) / 8;
    uint8_t* zeros = Allocate<uint8_t>(parameters);
    weights_.byte_zeros = zeros;
    for (size_t row = 0; row < source.n; ++row) {
      for (size_t b = 0; b < blocks; ++b) {
        zeros[at(row, b)] = static_cast<uint8_t>(PackedCode(source.packed_zeros + row * row_bytes, b, source.bits));
      }
    }
  } else if (source.float_zeros != nullptr) {
    float* zeros = Allocate<float>(parameters);
    weights_.float_zeros = zeros;
    for (size_t row = 0; row < source.n; ++row) {
      for (size_t b = 0; b < blocks; ++b) zeros[at(row, b)] = source.float_zeros[row * blocks + b];
    }
  }

  if (source.table != nullptr) {
    const size_t entries = size_t{1} << source.bits;
    float* table = Allocate<float>(std::max<size_t>(entries, 16));
    weights_.table = table;
    // Repeated up to 16 entries: a look-up by four bits then needs no mask where codes have two.
    for (size_t i = 0; i < std::max<size_t>(entries, 16); ++i) table[i] = source.table[i % entries];
  }
}

}  // namespace gossamer
