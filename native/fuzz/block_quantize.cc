// Block-wise quantization: the three kernels against the definition, and whole matrices against the definition of each
// column, in both layouts.
#include "kernels/block_quantize/block_quantize.h"

#include "fuzz/input.h"
#include "kernels/block_quantize/matrix.h"
#include "kernels/pack_bits/pack_bits.h"

using namespace gossamer;

namespace {

// What addon/blocks.cc lets pass; for `bits` < 8 codes below 1 << bits.
BlockScheme SchemeOf(Input& input, unsigned bits) {
  BlockScheme scheme{};
  scheme.mapping = static_cast<BlockMapping>(input.Byte() % 3);
  const bool is_signed = bits == 0 && input.Bool();
  const int32_t lowest = is_signed ? -128 : 0, highest = lowest + (bits == 0 ? 255 : (1 << bits) - 1);
  scheme.code_min = input.Range(lowest, highest - 1);
  scheme.code_max = input.Range(scheme.code_min + 1, highest);
  scheme.code_zero = input.Range(scheme.code_min, scheme.code_max);
  if (scheme.mapping == BlockMapping::kSymmetric) scheme.code_zero = std::min(scheme.code_zero, scheme.code_max - 1);
  if (scheme.mapping == BlockMapping::kSymmetricFull)
    scheme.code_zero = std::max(scheme.code_zero, scheme.code_min + 1);
  scheme.clip_steps = 1 + static_cast<uint32_t>(input.Byte() % 8);
  scheme.clip_min = static_cast<float>(1 + input.Byte()) / 256.0f;
  return scheme;
}

struct Blocks {
  std::vector<float> scales;
  std::vector<uint8_t> zero_points, codes;
  uint64_t non_finite = 0;
};

Blocks Definition(const std::vector<float>& x, size_t block_size, const BlockScheme& scheme) {
  Blocks out;
  const size_t blocks = x.empty() ? 0 : (x.size() - 1) / block_size + 1;
  out.scales.resize(blocks);
  out.zero_points.resize(blocks);
  out.codes.resize(x.size());
  QuantizeBlocksScalar(x.data(), x.size(), block_size, scheme, out.scales.data(), out.zero_points.data(),
                       out.codes.data(), &out.non_finite);
  return out;
}

void FuzzRow(Input& input) {
  const BlockScheme scheme = SchemeOf(input, 0);
  const size_t count = input.Size(300), block_size = 1 + input.Size(80);
  const std::vector<float> values = input.Floats(count);
  Exact<float> x(values, input);
  const Blocks expected = Definition(values, block_size, scheme);
  ForEachVariant(QuantizeBlocksVariants(), [&](QuantizeBlocksFn& fn, const char* isa) {
    Exact<float> scales(expected.scales.size(), input);
    Exact<uint8_t> zero_points(expected.scales.size(), input), codes(count, input);
    uint64_t non_finite = 0;
    fn(x.data(), count, block_size, scheme, scales.data(), zero_points.data(), codes.data(), &non_finite);
    Require(SameBits(scales.Copy(), expected.scales) && SameBits(zero_points.Copy(), expected.zero_points) &&
                SameBits(codes.Copy(), expected.codes) && non_finite == expected.non_finite,
            "QuantizeBlocks", isa);
  });
}

void FuzzColumns(Input& input) {
  const unsigned bits = 1u << (1 + input.Byte() % 3);
  const BlockScheme scheme = SchemeOf(input, bits);
  const size_t rows = 1 + input.Size(70), cols = input.Size(70), stride = cols + input.Size(5);
  const size_t extent = cols == 0 ? 0 : (rows - 1) * stride + cols;
  Exact<float> x(input.Floats(extent), input);
  std::vector<float> expected_scales(cols);
  std::vector<uint8_t> expected_zero_points(cols), expected_codes(extent);
  uint64_t expected_non_finite = 0;
  QuantizeColumnsScalar(x.data(), rows, cols, stride, scheme, expected_scales.data(), expected_zero_points.data(),
                        expected_codes.data(), stride, &expected_non_finite);
  ForEachVariant(QuantizeColumnsVariants(), [&](QuantizeColumnsFn& fn, const char* isa) {
    Exact<float> scales(cols, input);
    Exact<uint8_t> zero_points(cols, input), codes(std::vector<uint8_t>(extent), input);
    uint64_t non_finite = 0;
    fn(x.data(), rows, cols, stride, scheme, scales.data(), zero_points.data(), codes.data(), stride, &non_finite);
    Require(SameBits(scales.Copy(), expected_scales) && SameBits(zero_points.Copy(), expected_zero_points) &&
                SameBits(codes.Copy(), expected_codes) && non_finite == expected_non_finite,
            "QuantizeColumns", isa);
  });
  const size_t words = (rows * bits + 31) / 32, word_stride = cols + input.Size(5);
  const size_t word_extent = cols == 0 ? 0 : (words - 1) * word_stride + cols;
  std::vector<uint32_t> expected_words(word_extent);
  for (size_t c = 0; c < cols; ++c) {
    for (size_t r = 0; r < words * 32 / bits; ++r) {
      const uint32_t code = r < rows ? expected_codes[r * stride + c] : expected_zero_points[c];
      expected_words[r * bits / 32 * word_stride + c] |= code << (r * bits % 32);
    }
  }
  ForEachVariant(QuantizeColumnsPackedVariants(), [&](QuantizeColumnsPackedFn& fn, const char* isa) {
    Exact<float> scales(cols, input);
    Exact<uint8_t> zero_points(cols, input);
    Exact<uint32_t> out(std::vector<uint32_t>(word_extent), input);
    uint64_t non_finite = 0;
    fn(x.data(), rows, cols, stride, scheme, bits, scales.data(), zero_points.data(), out.data(), word_stride,
       &non_finite);
    Require(SameBits(scales.Copy(), expected_scales) && SameBits(zero_points.Copy(), expected_zero_points) &&
                SameBits(out.Copy(), expected_words) && non_finite == expected_non_finite,
            "QuantizeColumnsPacked", isa);
  });
}

// The columns of a weight, one after the other.
std::vector<float> Column(const BlockedWeight& weight, size_t column) {
  std::vector<float> x(weight.k);
  for (size_t i = 0; i < weight.k; ++i) {
    x[i] = weight.layout == WeightLayout::kKn ? weight.w[i * weight.n + column] : weight.w[column * weight.k + i];
  }
  return x;
}

void FuzzMatMulNBits(Input& input) {
  const unsigned bits = 1u << (1 + input.Byte() % 3);
  const BlockScheme scheme = SchemeOf(input, bits);
  const WeightLayout layout = input.Bool() ? WeightLayout::kKn : WeightLayout::kNk;
  BlockedWeight weight{nullptr, input.Size(70), input.Size(40), layout, 16 * (1 + input.Size(input.Bool() ? 3 : 4095))};
  if (weight.block_size > 1024) weight.n %= 4;
  Exact<float> w(input.Floats(weight.n * weight.k), input);
  weight.w = w.data();
  const size_t blocks = weight.BlocksPerColumn(), block_bytes = weight.block_size * bits / 8;
  const size_t zero_bytes = (blocks * bits + 7) / 8;
  const bool with_zero_points = input.Bool();
  Exact<uint8_t> b(weight.n * blocks * block_bytes, input);
  Exact<uint8_t> zero_points(with_zero_points ? weight.n * zero_bytes : 0, input);
  Exact<float> scales(weight.n * blocks, input);
  uint64_t non_finite = 0, expected_non_finite = 0;
  const NBitsOutput out{b.data(), scales.data(), with_zero_points ? zero_points.data() : nullptr};
  Require(QuantizeMatMulNBits(weight, scheme, bits, out, &non_finite, nullptr), "QuantizeMatMulNBits ended");
  for (size_t c = 0; c < weight.n && weight.k > 0; ++c) {
    const Blocks column = Definition(Column(weight, c), weight.block_size, scheme);
    expected_non_finite += column.non_finite;
    for (size_t i = 0; i < blocks * weight.block_size; ++i) {
      const uint8_t code = i < weight.k ? column.codes[i] : column.zero_points[blocks - 1];
      const uint8_t byte = b.data()[c * blocks * block_bytes + i * bits / 8];
      Require((byte >> (i * bits % 8) & ((1u << bits) - 1)) == code, "QuantizeMatMulNBits codes");
    }
    for (size_t block = 0; block < blocks; ++block) {
      Require(SameBits<float>({scales.data()[c * blocks + block]}, {column.scales[block]}),
              "QuantizeMatMulNBits scales");
      if (!with_zero_points) continue;
      const uint8_t byte = zero_points.data()[c * zero_bytes + block * bits / 8];
      Require((byte >> (block * bits % 8) & ((1u << bits) - 1)) == column.zero_points[block],
              "QuantizeMatMulNBits zero points");
    }
  }
  Require(non_finite == expected_non_finite, "QuantizeMatMulNBits count");
}

void FuzzBlockedWeight(Input& input) {
  const BlockScheme scheme = SchemeOf(input, 0);
  const WeightLayout layout = input.Bool() ? WeightLayout::kKn : WeightLayout::kNk;
  const size_t n = input.Size(70), k = input.Size(40);
  BlockedWeight weight{nullptr, n, k, layout, input.Bool() ? 1 + input.Size(50) : size_t{1} << (input.Byte() % 53)};
  Exact<float> w(input.Floats(n * k), input);
  weight.w = w.data();
  const size_t blocks = weight.BlocksPerColumn();
  Exact<uint8_t> codes(n * k, input), zero_points(n * blocks, input);
  Exact<float> scales(n * blocks, input);
  uint64_t non_finite = 0, expected_non_finite = 0;
  const BlockedOutput out{codes.data(), scales.data(), zero_points.data()};
  Require(QuantizeBlockedWeight(weight, scheme, out, &non_finite, nullptr), "QuantizeBlockedWeight ended");
  const bool by_rows = layout == WeightLayout::kNk;
  for (size_t c = 0; c < n && k > 0; ++c) {
    const Blocks column = Definition(Column(weight, c), weight.block_size, scheme);
    expected_non_finite += column.non_finite;
    for (size_t i = 0; i < k; ++i) {
      Require(codes.data()[by_rows ? c * k + i : i * n + c] == column.codes[i], "QuantizeBlockedWeight codes");
    }
    for (size_t block = 0; block < blocks; ++block) {
      const size_t at = by_rows ? c * blocks + block : block * n + c;
      Require(SameBits<float>({scales.data()[at]}, {column.scales[block]}), "QuantizeBlockedWeight scales");
      Require(zero_points.data()[at] == column.zero_points[block], "QuantizeBlockedWeight zero points");
    }
  }
  Require(non_finite == expected_non_finite, "QuantizeBlockedWeight count");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  const uint8_t kind = input.Byte() % 4;
  if (kind == 0) FuzzRow(input);
  if (kind == 1) FuzzColumns(input);
  if (kind == 2) FuzzMatMulNBits(input);
  if (kind == 3) FuzzBlockedWeight(input);
  return 0;
}
