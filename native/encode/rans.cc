#include "encode/rans.h"

#include <cstring>

#include "encode/bit_models.h"

namespace gossamer {
namespace {

constexpr uint32_t kScaleBits = 12, kScale = 1u << kScaleBits, kLow = 1u << 16;
constexpr size_t kStates = 4;

// What a slot of the scale stands for.
struct Slot {
  uint16_t frequency, offset;  // offset: slot less the first one of the symbol
  uint8_t symbol;
};

void ReadTable(Bytes code, Slot* slots) {
  RangeDecoder coder(code.data, code.length);
  BitModels models(2 * kExpGolombContexts);
  uint32_t filled = 0;
  uint64_t last = 0;
  for (uint32_t symbol = 0; symbol < 256 && filled < kScale; ++symbol) {
    last = CodeExpGolomb(coder, models, last > 0 ? kExpGolombContexts : 0);
    if (last > kScale - filled) throw DamagedStream();
    for (uint32_t i = 0; i < last; ++i)
      slots[filled + i] = {static_cast<uint16_t>(last), static_cast<uint16_t>(i), static_cast<uint8_t>(symbol)};
    filled += static_cast<uint32_t>(last);
  }
  if (filled < kScale) throw DamagedStream();
}

}  // namespace

void DecodeRans(Bytes bytes, uint8_t* symbols, size_t count, size_t stride) {
  ByteReader reader(bytes);
  Slot slots[kScale];
  ReadTable(reader.Take(reader.Varint()), slots);
  const uint8_t* head = reader.Take(4 * kStates).data;
  uint32_t states[kStates];
  for (size_t k = 0; k < kStates; ++k) {
    states[k] = head[4 * k] | head[4 * k + 1] << 8 | head[4 * k + 2] << 16 | static_cast<uint32_t>(head[4 * k + 3]) << 24;
  }
  const Bytes rest = reader.Rest();
  const uint8_t *words = rest.data, *end = words + rest.length;
  const auto step = [&](uint32_t& state, uint8_t* symbol) {
    const Slot slot = slots[state & (kScale - 1)];
    *symbol = slot.symbol;
    state = slot.frequency * (state >> kScaleBits) + slot.offset;
  };
  size_t i = 0;
  // While no step can run out of words: each of four takes one at most.
  for (; i + kStates <= count && end - words >= static_cast<ptrdiff_t>(2 * kStates); i += kStates) {
    for (size_t k = 0; k < kStates; ++k) {
      step(states[k], symbols + (i + k) * stride);
      const uint32_t word = words[0] | words[1] << 8;
      const bool is_low = states[k] < kLow;
      states[k] = is_low ? states[k] << 16 | word : states[k];
      words += is_low ? 2 : 0;
    }
  }
  for (; i < count; ++i) {
    uint32_t& state = states[i % kStates];
    step(state, symbols + i * stride);
    if (state >= kLow) continue;
    if (end - words < 2) throw DamagedStream();
    state = state << 16 | words[0] | static_cast<uint32_t>(words[1]) << 8;
    words += 2;
  }
  if (words != end) throw DamagedStream();
  for (const uint32_t state : states) {
    if (state != kLow) throw DamagedStream();
  }
}

}  // namespace gossamer
