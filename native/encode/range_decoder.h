// Reads the binary decisions of a range-coded stream: packages/encode/src/coders, of which this is the same to the bit.
#pragma once
#include <cstddef>
#include <cstdint>

namespace gossamer {

// Thrown for bytes that no encoder wrote; does not leave DecodeTensor.
struct DamagedStream {};

class RangeDecoder {
 public:
  RangeDecoder(const uint8_t* bytes, size_t length) : at_(bytes), end_(bytes + length) {
    for (int i = 0; i < 4; ++i) code_ = code_ << 8 | Next();
  }

  // The next bit, which is 1 with probability p1 / 65536.
  uint32_t Code(uint32_t p1) {
    const uint32_t bound = static_cast<uint32_t>(static_cast<uint64_t>(range_) * p1 >> 16);
    uint32_t bit;
    if (code_ < bound) {
      range_ = bound;
      bit = 1;
    } else {
      code_ -= bound;
      range_ -= bound;
      bit = 0;
    }
    while (range_ < (1u << 24)) {
      range_ <<= 8;
      code_ = code_ << 8 | Next();
    }
    return bit;
  }

  // `bits` bits at 1/2, the highest first; at most 32.
  uint32_t Raw(uint32_t bits) {
    uint32_t value = 0;
    for (uint32_t i = 0; i < bits; ++i) value = value << 1 | Code(32768);
    return value;
  }

 private:
  // Zeros that an encoder leaves out at the end.
  static constexpr int kTrimmedBytes = 8;

  uint32_t Next() {
    if (at_ != end_) return *at_++;
    if (++past_ > kTrimmedBytes) throw DamagedStream();
    return 0;
  }

  const uint8_t* at_;
  const uint8_t* end_;
  int past_ = 0;
  uint32_t code_ = 0, range_ = 0xffffffff;
};

// Throws unless a stream of `length` bytes can hold `count` decisions: none has a probability above 1 - 8/65536.
inline void CheckSymbols(double count, size_t length) {
  if (count > 45425.0 * (static_cast<double>(length) + 8)) throw DamagedStream();
}

}  // namespace gossamer
