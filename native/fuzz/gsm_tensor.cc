// Streams of .gsm tensors: any bytes give a tensor or none, twice the same, within their memory.
#include "encode/decode_tensor.h"

#include "fuzz/input.h"

using namespace gossamer;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // Type, rank, dims, then the stream: so that the files of the corpus can be written by hand (tools/gsm-corpus.mjs).
  if (size < 2 || size - 2 < data[1] % 5) return 0;
  TensorSpec spec{data[0], {}, 1};
  const size_t rank = data[1] % 5;
  for (size_t i = 0; i < rank; ++i) {
    spec.dims.push_back(data[2 + i]);
    spec.count *= data[2 + i];
  }
  if (ElementBits(spec.type) == 0 || spec.count > 1 << 16) return 0;
  Input input(data, size);
  Exact<uint8_t> stream(std::vector<uint8_t>(data + 2 + rank, data + size), input);
  const size_t length = size - 2 - rank;
  Exact<uint8_t> first(spec.ByteLength(), input), second(spec.ByteLength(), input);
  const bool is_sound = DecodeTensor(stream.data(), length, spec, first.data());
  Require(DecodeTensor(stream.data(), length, spec, second.data()) == is_sound, "DecodeTensor outcome");
  if (is_sound) Require(SameBits(first.Copy(), second.Copy()), "DecodeTensor bytes");
  return 0;
}
