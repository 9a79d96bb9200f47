// Static entropy code of bytes: packages/encode/src/coders/rans.ts.
#pragma once
#include "encode/byte_reader.h"

namespace gossamer {

// Fills `count` symbols that are `stride` bytes apart; throws DamagedStream.
void DecodeRans(Bytes bytes, uint8_t* symbols, size_t count, size_t stride);

}  // namespace gossamer
