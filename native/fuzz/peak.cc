// The loops that measure a machine's peak: each instruction set ends with the definition's lanes, and reads exactly what
// it was given.
#include "kernels/peak/peak.h"

#include "fuzz/input.h"

using namespace gossamer;

namespace {

void FuzzInt8(Input& input) {
  const size_t rounds = input.Size(kPeakRounds);
  uint32_t a_bits = 0, b_bits = 0;
  for (int i = 0; i < 4; ++i) {
    a_bits = a_bits << 8 | (input.Byte() & 127u);
    b_bits = b_bits << 8 | input.Byte();
  }
  uint8_t a[4];
  int8_t b[4];
  std::memcpy(a, &a_bits, sizeof a);
  std::memcpy(b, &b_bits, sizeof b);
  const int32_t expected = PeakInt8Scalar(rounds, a, b).lane;
  ForEachVariant(PeakInt8Variants(), [&](PeakInt8Fn& fn, const char* isa) {
    Require(fn(rounds, a, b).lane == expected, "PeakInt8", isa);
  });
}

void FuzzFloat(Input& input) {
  const size_t rounds = input.Size(2000);
  // Multiples of 1/4 below 24: every step is exact, in bfloat16 too where they are whole.
  const float a = static_cast<float>(input.Range(-16, 16)), b = static_cast<float>(input.Range(-64, 64)) * 0.25f;
  const float expected = PeakFloatScalar(rounds, a, b).lane, twice = PeakBf16Scalar(rounds, a, b).lane;
  ForEachVariant(PeakFloatVariants(), [&](PeakFloatFn& fn, const char* isa) {
    Require(fn(rounds, a, b).lane == expected, "PeakFloat", isa);
  });
  ForEachVariant(PeakBf16Variants(), [&](PeakBf16Fn& fn, const char* isa) {
    Require(fn(rounds, a, b).lane == twice, "PeakBf16", isa);
  });
}

void FuzzRead(Input& input) {
  const size_t count = input.Size(3000);
  Exact<uint8_t> x(input.Bytes(count), input);
  const uint64_t expected = ReadBytesScalar(x.data(), count);
  ForEachVariant(ReadBytesVariants(), [&](ReadBytesFn& fn, const char* isa) {
    Require(fn(x.data(), count) == expected, "ReadBytes", isa);
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  const uint8_t kind = input.Byte() % 3;
  if (kind == 0) FuzzInt8(input);
  if (kind == 1) FuzzFloat(input);
  if (kind == 2) FuzzRead(input);
  return 0;
}
