// Bytes and varints one after another: packages/encode/src/coders/byte-reader.ts.
#pragma once
#include "encode/range_decoder.h"

namespace gossamer {

struct Bytes {
  const uint8_t* data;
  size_t length;
};

class ByteReader {
 public:
  explicit ByteReader(Bytes bytes) : bytes_(bytes) {}

  Bytes Take(uint64_t length) {
    if (length > bytes_.length) throw DamagedStream();
    const Bytes taken{bytes_.data, static_cast<size_t>(length)};
    bytes_ = {bytes_.data + taken.length, bytes_.length - taken.length};
    return taken;
  }

  Bytes Rest() { return Take(bytes_.length); }

  // Below 2^53, in as few bytes as it needs.
  uint64_t Varint() {
    uint64_t value = 0;
    for (uint32_t shift = 0;; shift += 7) {
      const uint8_t byte = *Take(1).data;
      value |= static_cast<uint64_t>(byte & 127) << shift;
      if (value >= uint64_t{1} << 53 || shift > 49) throw DamagedStream();
      if (byte < 128) {
        if (byte == 0 && shift > 0) throw DamagedStream();
        return value;
      }
    }
  }

 private:
  Bytes bytes_;
};

}  // namespace gossamer
