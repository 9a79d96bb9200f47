// Sparse float products of any shape: every instruction set against the definition, bit for bit.
#include "kernels/sparse_f32/sparse_f32.h"

#include "fuzz/input.h"
#include "kernels/sparse_f32/pack.h"

using namespace gossamer;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  const size_t taps = 1 + input.Size(4), piece = 1 + input.Size(120), n = 1 + input.Size(80), m = input.Size(80);
  const uint8_t density = input.Byte();
  std::vector<float> w(n * taps * piece);
  for (float& v : w) v = input.Byte() < density ? input.Range(-200, 200) * 0.125f : 0;
  const bool table = taps > 1 || input.Bool();
  const size_t elements = std::max(m * piece, piece * (1 + input.Size(5)));
  std::vector<float> values(elements);
  for (float& v : values) v = input.Range(-100, 100) * 0.37f;
  std::vector<int32_t> offsets(m * taps);
  for (int32_t& offset : offsets) offset = static_cast<int32_t>(input.Size(std::min<size_t>(elements - piece, 65535)));
  const ActivationRows rows = {table ? offsets.data() : nullptr, m, taps, piece, piece};
  const PackedSparseF32 packed({w.data(), n, taps, piece, taps * piece, piece, 1});
  Exact<float> x(values, input), expected(m * n, input);
  std::vector<float> bias(n, 0.5f);
  std::vector<uint8_t> memory(kSparseScratchBytesF32 + 64);
  void* scratch = memory.data() + (64 - reinterpret_cast<uintptr_t>(memory.data()) % 64) % 64;
  const float* some_bias = input.Bool() ? bias.data() : nullptr;
  FloatOutput output{some_bias, nullptr, 0, {Activation::kClamp, -50, 50}, expected.data(), n};
  if (input.Bool()) output.act.kind = Activation::kGelu;
  SparseF32Scalar(x.data(), rows, 0, m, packed.View(), 0, n, output, nullptr);
  ForEachVariant(SparseF32Variants(), [&](SparseF32Fn& fn, const char* isa) {
    Exact<float> y(m * n, input);
    output.y = y.data();
    fn(x.data(), rows, 0, m, packed.View(), 0, n, output, scratch);
    Require(SameBits(y.Copy(), expected.Copy()), "SparseF32", isa);
  });
  return 0;
}
