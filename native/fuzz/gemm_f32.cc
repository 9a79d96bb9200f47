// Matrix products over rows of pieces: every kernel against the definition, and packing against its formula.
#include "kernels/gemm_f32/gemm_f32.h"

#include "fuzz/input.h"

using namespace gossamer;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  const bool table = input.Bool(), plain = input.Bool(), with_bias = input.Bool(), with_residual = input.Bool();
  const ActivationSpec act{static_cast<Activation>(input.Byte() % 15), input.Float(), input.Float()};
  const size_t m = input.Size(20), n = input.Size(150), taps = table ? input.Size(4) : 1, piece = input.Size(20);
  const size_t k = taps * piece, pieces = 1 + m + input.Size(5), y_stride = n + input.Size(3);
  Exact<float> x(input.Floats(pieces * piece), input), bias(input.Floats(n), input);
  std::vector<int32_t> offsets(taps * m);
  for (int32_t& offset : offsets) offset = static_cast<int32_t>(input.Size(pieces - 1) * piece);
  const ActivationRows rows{table ? offsets.data() : nullptr, m, taps, piece, piece};
  const std::vector<float> start = input.Floats(m == 0 ? 0 : (m - 1) * y_stride + n);
  Exact<float> residual(start, input);

  std::vector<float> w = input.Floats(k * n);
  Exact<float> packed(PackedCountF32(k, n), input);
  PackF32({w.data(), n, 1, k, 1, 0, n}, 0, StripsF32(n), 1, packed.data());
  w.resize(k * n + kStripF32 - 1);
  Exact<float> matrix(w, input);
  const WeightsF32 weights =
      plain ? WeightsF32{matrix.data(), k, n, n, kStripF32} : PackedF32(packed.data(), k, n);

  const size_t m0 = input.Size(m), m1 = m0 + input.Size(m - m0), strip = n == 0 ? 0 : input.Size(StripsF32(n) - 1);
  const size_t n1 = input.Bool() ? n : std::min(n, (strip + 1) * kStripF32);
  const auto run = [&](GemmF32Fn& fn, float* y) {
    fn(x.data(), rows, m0, m1, weights, strip * kStripF32, n1,
       {with_bias ? bias.data() : nullptr, with_residual ? residual.data() : nullptr, y_stride, act, y, y_stride});
  };
  std::vector<float> expected = start;
  run(GemmF32Scalar, expected.data());
  ForEachVariant(GemmF32Variants(), [&](GemmF32Fn& fn, const char* isa) {
    Exact<float> y(start, input);
    run(fn, y.data());
    Require(SameFloats(y.Copy(), expected), "GemmF32", isa);
  });
  return 0;
}
