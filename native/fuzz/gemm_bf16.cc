// Products of bfloat16 factors: every kernel against the definition.
#include "kernels/gemm_bf16/gemm_bf16.h"

#include "fuzz/input.h"

using namespace gossamer;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  const size_t m = input.Size(20), n = input.Size(150), taps = input.Size(4), piece = input.Size(20) / 2 * 2;
  const size_t k = taps * piece, pieces = 1 + input.Size(20);
  // Far from denormals, which variants may take for 0: exponents from 2^-16 to 2^15, or 0, infinity, NaN.
  const auto elements = [&](size_t count) {
    std::vector<uint16_t> bits(count);
    for (uint16_t& value : bits) {
      const uint8_t kind = input.Byte(), low = input.Byte();
      const unsigned exponent = kind < 4 ? 0u : kind < 6 ? 255u : 111u + kind % 32;
      value = static_cast<uint16_t>((low & 128u) << 8 | exponent << 7 | (exponent == 0 ? 0u : low & 127u));
    }
    return bits;
  };
  Exact<uint16_t> x(elements(pieces * piece), input), packed(elements(PackedCountF32(k, n)), input);
  Exact<float> bias(input.Floats(n), input);
  std::vector<int32_t> offsets(taps * m);
  for (int32_t& offset : offsets) offset = static_cast<int32_t>(input.Size(pieces - 1) * piece);
  const ActivationSpec act{static_cast<Activation>(input.Byte() % 15), input.Float(), input.Float()};
  const auto run = [&](GemmBf16Fn& fn, float* y) {
    fn(x.data(), {offsets.data(), m, taps, piece, 0}, 0, m, {packed.data(), k, n}, 0, n,
       {bias.data(), nullptr, 0, act, y, n});
  };
  std::vector<float> expected(m * n);
  run(GemmBf16Scalar, expected.data());
  ForEachVariant(GemmBf16Variants(), [&](GemmBf16Fn& fn, const char* isa) {
    Exact<float> y(m * n, input);
    run(fn, y.data());
    Require(SameFloats(y.Copy(), expected), "GemmBf16", isa);
  });
  return 0;
}
