// Sparse int8 products of any shape, pattern and format: the definition against the dense product, every instruction
// set against the definition.
#include "kernels/sparse_i8/sparse_i8.h"

#include "fuzz/input.h"
#include "kernels/sparse_i8/pack.h"

using namespace gossamer;

namespace {

Int8Output OutputOf(Input& input, size_t outputs, const std::vector<int32_t>& bias, const std::vector<float>& scale,
                    void* y) {
  Int8Output output{};
  output.kind = static_cast<Int8Result>(input.Byte() % 3);
  output.bias = bias.data();
  output.scale = output.offset = scale.data();
  output.low = input.Range(0, 100);
  output.high = input.Range(100, 255);
  output.zero_point = input.Range(0, 255);
  output.act = {Activation::kNone, 0, 0};
  output.y = y;
  output.y_stride = outputs;
  return output;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  const size_t taps = 1 + input.Size(4), piece = 1 + input.Size(150), n = 1 + input.Size(100), m = input.Size(20);
  const SparseFormat format = input.Bool() ? SparseFormat::kRounds : SparseFormat::kBlocks;
  const uint8_t density = input.Byte(), uneven = input.Byte();
  std::vector<int8_t> w(n * taps * piece);
  for (size_t i = 0; i < w.size(); ++i) {
    const uint8_t limit = static_cast<uint8_t>(density + i / (taps * piece) * uneven);
    if (input.Byte() < limit) w[i] = static_cast<int8_t>(input.Byte());
  }
  const bool table = taps > 1 || input.Bool();
  const size_t stride = piece + input.Size(5), elements = std::max(m * stride, piece * (1 + input.Size(5)));
  std::vector<uint8_t> bytes = input.Bytes(elements);
  std::vector<int32_t> offsets(m * taps);
  for (int32_t& offset : offsets) offset = static_cast<int32_t>(input.Size(std::min<size_t>(elements - piece, 65535)));
  const ActivationRows rows = {table ? offsets.data() : nullptr, m, taps, piece, stride};
  std::vector<int32_t> bias((n + 15) / 16 * 16), sums(m * n);  // read up to a multiple of 16
  std::vector<float> scale(bias.size());
  for (size_t i = 0; i < n; ++i) {
    bias[i] = input.Range(-1000, 1000);
    scale[i] = static_cast<float>(input.Byte()) / 4096;
  }
  for (size_t i = 0; i < m * n; ++i) {
    sums[i] = bias[i % n];
    for (size_t k = 0; k < taps * piece; ++k) {
      sums[i] += w[i % n * taps * piece + k] * bytes[PieceOffset(rows, k / piece, i / n) + k % piece];
    }
  }
  bytes.resize(elements + kReadSlack);
  Exact<uint8_t> x(bytes, input);

  const PlainI8Weights plain = {w.data(), n, taps, piece};
  const PackedSparseI8 packed(plain, PlanSparseI8(plain, format));
  Exact<int32_t> exact(m * n, input), expected(m * n, input);
  std::vector<uint8_t> scratch_memory(SparseI8ScratchBytes(packed.View()) + 64);
  uint8_t* scratch = scratch_memory.data() + (64 - reinterpret_cast<uintptr_t>(scratch_memory.data()) % 64) % 64;
  Int8Output output = OutputOf(input, n, bias, scale, expected.data());
  const auto run = [&](SparseI8Fn& fn, Int8Result kind, void* y) {
    Int8Output to = output;
    to.kind = kind;
    to.y = y;
    fn(x.data(), rows, 0, m, packed.View(), 0, packed.View().Panels(), to, scratch);
  };
  run(SparseI8Scalar, Int8Result::kInt32, exact.data());
  Require(SameBits(exact.Copy(), sums), "SparseI8 against dense");
  run(SparseI8Scalar, output.kind, expected.data());
  ForEachVariant(SparseI8Variants(), [&](SparseI8Fn& fn, const char* isa) {
    Exact<int32_t> y(m * n, input);
    run(fn, output.kind, y.data());
    Require(SameBits(y.Copy(), expected.Copy()), "SparseI8", isa);
  });
  return 0;
}
