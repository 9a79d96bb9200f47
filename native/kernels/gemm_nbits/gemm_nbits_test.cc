#include "kernels/gemm_nbits/gemm_nbits.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <utility>

#include "kernels/gemm_nbits/pack.h"
#include "kernels/small_float/small_float.h"
#include "testing/cases.h"
#include "testing/guarded.h"

using namespace gossamer;

namespace {

enum class Zeros { kDefault, kPacked, kFloat, kTable };
constexpr Zeros kAllZeros[] = {Zeros::kDefault, Zeros::kPacked, Zeros::kFloat, Zeros::kTable};

// A weight as MatMulNBits stores it, with what each element is worth.
struct Weight {
  size_t n, k, block_size;
  unsigned bits;
  Zeros kind;
  std::vector<uint8_t> codes, packed_zeros;
  std::vector<float> scales, float_zeros, table;

  Weight(size_t n, size_t k, size_t block_size, unsigned bits, Zeros kind, bool half, unsigned seed)
      : n(n), k(k), block_size(block_size), bits(bits), kind(kind) {
    std::mt19937 random(seed);
    codes.resize(n * Blocks() * block_size * bits / 8);
    for (uint8_t& byte : codes) byte = static_cast<uint8_t>(random());
    scales = NormalFloats(n * Blocks(), seed + 1, 0.1f);
    for (float& scale : scales) {
      uint16_t bits16;
      if (half) F32ToF16Scalar(&scale, 1, &bits16), F16ToF32Scalar(&bits16, 1, &scale);
      if (random() % 16 == 0) scale = 0;
    }
    if (kind == Zeros::kPacked) {
      packed_zeros.resize(n * ((Blocks() * bits + 7) / 8));
      const uint8_t extremes[] = {0x00, 0xff};  // the smallest and the largest zero points
      for (uint8_t& byte : packed_zeros) {
        byte = random() % 3 == 0 ? extremes[random() % 2] : static_cast<uint8_t>(random());
      }
    }
    if (kind == Zeros::kFloat) float_zeros = NormalFloats(n * Blocks(), seed + 2, static_cast<float>(1 << bits));
    if (kind == Zeros::kTable) table = NormalFloats(size_t{1} << bits, seed + 3);
  }
  size_t Blocks() const { return (k + block_size - 1) / block_size; }
  NbitsSource Source() const {
    return {n,
            k,
            block_size,
            bits,
            codes.data(),
            scales.data(),
            kind == Zeros::kPacked ? packed_zeros.data() : nullptr,
            kind == Zeros::kFloat ? float_zeros.data() : nullptr,
            kind == Zeros::kTable ? table.data() : nullptr};
  }
  static unsigned Bits(const uint8_t* row, size_t index, unsigned bits) {
    return row[index * bits / 8] >> (index * bits % 8) & ((1u << bits) - 1);
  }
  unsigned Code(size_t row, size_t column) const {
    return Bits(codes.data() + row * Blocks() * block_size * bits / 8, column, bits);
  }
  double Zero(size_t row, size_t block) const {
    if (kind == Zeros::kPacked) return Bits(packed_zeros.data() + row * ((Blocks() * bits + 7) / 8), block, bits);
    return kind == Zeros::kFloat ? float_zeros[row * Blocks() + block] : 1 << (bits - 1);
  }
  double Scale(size_t row, size_t block) const { return scales[row * Blocks() + block]; }
  double Value(size_t row, size_t column) const {  // without its scale
    const unsigned code = Code(row, column);
    return kind == Zeros::kTable ? table[code] : code - Zero(row, column / block_size);
  }
};

struct Quantized {
  std::vector<int8_t> codes;
  size_t stride;
  std::vector<float> scales;
  std::vector<int32_t> sums;
  NbitsRows View() const { return {codes.data(), stride, scales.data(), sums.data()}; }
};

Quantized Quantize(QuantizeRowsNbitsFn& fn, const std::vector<float>& x, size_t rows, size_t x_stride, const Weight& w,
                   int32_t factor) {
  Quantized q;
  q.stride = w.Blocks() * w.block_size + 5;
  q.codes.assign(rows * q.stride, 77);
  q.scales.resize(rows * w.Blocks());
  q.sums.resize(rows * w.Blocks());
  fn(x.data(), rows, x_stride, w.k, w.block_size, factor, q.codes.data(), q.stride, q.scales.data(), q.sums.data());
  return q;
}

constexpr float kUntouched = -12345;

// Calls run(out, first_panel, panels, first_row, rows) for a whole product, in one piece or in four, and gives y, its
// rows one float apart.
template <class Run>
std::vector<float> Product(const Weight& w, size_t rows, bool pieces, const std::vector<float>& bias,
                           const std::vector<float>& residual, ActivationSpec act, const Run& run) {
  const size_t stride = w.n + 1, panels = NbitsPanels(w.n);
  Guarded<float> y(std::vector<float>(rows * stride - 1, kUntouched), pieces ? Edge::kFront : Edge::kBack);
  const float* residuals = residual.empty() ? nullptr : residual.data();
  const FloatOutput out{bias.empty() ? nullptr : bias.data(), residuals, w.n + 2, act, y.data(), stride};
  if (!pieces) {
    run(out, 0, panels, 0, rows);
  } else {
    const size_t split_n = panels / 3, split_m = (rows + 1) / 2;
    for (auto [p, count] : {std::pair{size_t{0}, split_n}, {split_n, panels - split_n}}) {
      run(out, p, count, 0, split_m);
      run(out, p, count, split_m, rows - split_m);
    }
  }
  std::vector<float> copy = y.Copy();
  for (size_t m = 0; m + 1 < rows; ++m) REQUIRE(copy[m * stride + w.n] == kUntouched);
  return copy;
}

const ActivationSpec kNoAct = {Activation::kNone, 0, 0};

struct ProductShape {
  size_t n, k, block_size, rows;
};
const std::vector<ProductShape> kShapes = {
    {1, 1, 16, 1},    {16, 16, 16, 1},  {17, 33, 32, 2},   {31, 100, 16, 3},  {64, 300, 32, 4},
    {70, 256, 64, 5}, {130, 257, 128, 1}, {40, 600, 256, 6}, {33, 31, 32, 7},   {100, 96, 32, 13},
    {128, 129, 64, 50}, {150, 64, 16, 2}, {64, 15, 16, 100}};

std::string Describe(const ProductShape& shape, unsigned bits, Zeros zeros) {
  return "n " + std::to_string(shape.n) + ", k " + std::to_string(shape.k) + ", block " +
         std::to_string(shape.block_size) + ", rows " + std::to_string(shape.rows) + ", bits " + std::to_string(bits) +
         ", zeros " + std::to_string(static_cast<int>(zeros));
}

}  // namespace

TEST_CASE("QuantizeRowsNbits: every variant equals the definition, and that the formula") {
  for (size_t k : {1, 15, 16, 17, 31, 64, 100, 256, 300}) {
    for (size_t block_size : {16, 32, 128, 256}) {
      const size_t rows = 3, stride = k + 1;
      const Weight w(1, k, block_size, 4, Zeros::kDefault, false, 1);
      std::vector<float> x = NormalFloats(rows * stride - 1, static_cast<unsigned>(k));
      for (size_t i = 0; i < k; ++i) x[stride + i] = static_cast<float>(i % 255) - 127;  // codes are the values
      if (k > 1) x[2 * stride + 1] = k % 2 == 0 ? std::numeric_limits<float>::infinity() : NAN;
      if (k > 20) x[2 * stride + 20] = 1e-40f;
      const Quantized expected = Quantize(QuantizeRowsNbitsScalar, x, rows, stride, w, -8);
      for (size_t b = 0; b < w.Blocks(); ++b) {
        const size_t begin = b * block_size, end = std::min(k, begin + block_size);
        float largest = 0;
        for (size_t i = begin; i < end; ++i) largest = std::max(largest, std::fabs(x[i]));
        REQUIRE(expected.scales[b] == largest / 127);
        int32_t sum = 0;
        for (size_t i = begin; i < begin + block_size; ++i) {
          const int code = expected.codes[i];
          sum += code;
          if (i >= end) REQUIRE(code == 0);
          // Half a step, and three roundings of a number up to 127.
          if (i < end) REQUIRE(std::fabs(code - 127.0 * x[i] / largest) <= 0.5 + 4 * 127 * 0x1p-24);
        }
        REQUIRE(expected.sums[b] == -8 * sum);
      }
      if (k > 1) {
        REQUIRE(std::isnan(expected.scales[2 * w.Blocks()]));
        REQUIRE(expected.sums[2 * w.Blocks()] == 0);
      }
      for (const auto& variant : Runnable(QuantizeRowsNbitsVariants())) {
        CAPTURE(std::string(IsaName(variant.isa)));
        for (Edge edge : {Edge::kFront, Edge::kBack}) {
          Guarded<float> in(x, edge, 4);
          Guarded<int8_t> codes(std::vector<int8_t>(expected.codes.size() - 5, 77), edge);
          std::vector<float> scales(expected.scales.size());
          std::vector<int32_t> sums(expected.sums.size());
          variant.fn(in.data(), rows, stride, k, block_size, -8, codes.data(), expected.stride, scales.data(),
                     sums.data());
          REQUIRE(SameBits(codes.Copy(), {expected.codes.begin(), expected.codes.end() - 5}));
          REQUIRE(SameFloats(scales, expected.scales));
          REQUIRE(SameBits(sums, expected.sums));
        }
      }
    }
  }
}

TEST_CASE("QuantizeRowsNbits: zeros, and values too small to divide by") {
  for (const auto& variant : Runnable(QuantizeRowsNbitsVariants())) {
    for (float value : {0.0f, -0.0f, 1e-45f, 7e-37f}) {
      const Weight w(1, 40, 32, 4, Zeros::kDefault, false, 1);
      const Quantized q = Quantize(*variant.fn, std::vector<float>(40, value), 1, 40, w, 1);
      CHECK(q.scales == std::vector<float>{0, 0});
      CHECK(q.codes[0] == 0);
    }
    const Weight w(1, 16, 16, 4, Zeros::kDefault, false, 1);
    const Quantized q = Quantize(*variant.fn, std::vector<float>(16, -1e-36f), 1, 16, w, 1);
    CHECK(q.codes[3] == -127);
  }
}

TEST_CASE("GemmNbitsInt8: the definition against float64, every variant against the definition") {
  unsigned seed = 0;
  for (const ProductShape& shape : kShapes) {
    const size_t n = shape.n, k = shape.k, block_size = shape.block_size, rows = shape.rows;
    for (unsigned bits : {2u, 4u, 8u}) {
      for (Zeros zeros : kAllZeros) {
        if (zeros == Zeros::kTable) continue;
        const std::string what = Describe(shape, bits, zeros);
        CAPTURE(what);
        ++seed;
        const Weight w(n, k, block_size, bits, zeros, seed % 2 == 0, seed);
        const PackedNbits packed(w.Source());
        const std::vector<float> x = NormalFloats(rows * k, seed), bias = NormalFloats(n, seed + 1);
        const Quantized q = Quantize(QuantizeRowsNbitsScalar, x, rows, k, w, NbitsSumFactor(packed.Weights()));
        const auto run = [&](GemmNbitsInt8Fn& fn) {
          return [&](const FloatOutput& out, size_t p, size_t panels, size_t m, size_t count) {
            fn(packed.Weights(), p, panels, q.View(), m, count, out);
          };
        };
        const std::vector<float> y = Product(w, rows, false, bias, {}, kNoAct, run(GemmNbitsInt8Scalar));
        for (size_t m = 0; m < rows; ++m) {
          for (size_t i = 0; i < n; ++i) {
            double sum = bias[i], own_sum = bias[i], lost = 0, size = std::fabs(bias[i]);
            for (size_t c = 0; c < k; ++c) {
              const size_t b = c / block_size;
              const double weight = w.Value(i, c) * w.Scale(i, b), step = q.scales[m * w.Blocks() + b];
              sum += x[m * k + c] * weight;
              own_sum += q.codes[m * q.stride + c] * step * weight;
              lost += std::fabs(weight) * step * (0.5 + 127 * 0x1p-22);
              size += (std::fabs(q.codes[m * q.stride + c]) * step) * std::fabs(weight);
            }
            // Of the same codes: a rounding of t, of the product of scales and of the sum for each block, and the bias.
            const double rounding = size * static_cast<double>(w.Blocks() + 4) * 0x1p-23;
            const float actual = y[m * (n + 1) + i];
            REQUIRE(std::fabs(actual - own_sum) <= rounding);
            REQUIRE(std::fabs(actual - sum) <= lost + rounding);
          }
        }
        for (const auto& variant : Runnable(GemmNbitsInt8Variants())) {
          CAPTURE(std::string(IsaName(variant.isa)));
          for (bool pieces : {false, true}) {
            REQUIRE(SameFloats(Product(w, rows, pieces, bias, {}, kNoAct, run(*variant.fn)), y));
          }
        }
      }
    }
  }
}

TEST_CASE("GemmNbitsInt8: extreme codes do not overflow") {
  for (unsigned bits : {2u, 4u, 8u}) {
    for (size_t block_size : {32, 256}) {
      Weight w(16, 512, block_size, bits, Zeros::kPacked, true, 1);
      std::fill(w.codes.begin(), w.codes.end(), uint8_t{0xff});
      std::fill(w.packed_zeros.begin(), w.packed_zeros.end(), uint8_t{0});
      std::fill(w.scales.begin(), w.scales.end(), 1.0f);
      const PackedNbits packed(w.Source());
      for (float value : {1.0f, -1.0f}) {
        const std::vector<float> x(512, value * 127);
        const Quantized q = Quantize(QuantizeRowsNbitsScalar, x, 1, 512, w, NbitsSumFactor(packed.Weights()));
        for (const auto& variant : Runnable(GemmNbitsInt8Variants())) {
          CAPTURE(std::string(IsaName(variant.isa)));
          std::vector<float> y(16);
          variant.fn(packed.Weights(), 0, 1, q.View(), 0, 1, {nullptr, nullptr, 0, kNoAct, y.data(), 16});
          CHECK(y == std::vector<float>(16, value * 127 * 512 * static_cast<float>((1 << bits) - 1)));
        }
      }
    }
  }
}

TEST_CASE("GemmNbitsInt8: a block that is not finite makes its row NaN, and no other") {
  const Weight w(20, 64, 32, 4, Zeros::kDefault, false, 3);
  const PackedNbits packed(w.Source());
  std::vector<float> x = NormalFloats(3 * 64, 1);
  x[64 + 40] = std::numeric_limits<float>::infinity();
  for (const auto& variant : Runnable(GemmNbitsInt8Variants())) {
    const Quantized q = Quantize(QuantizeRowsNbits(), x, 3, 64, w, NbitsSumFactor(packed.Weights()));
    std::vector<float> y(60);
    variant.fn(packed.Weights(), 0, 2, q.View(), 0, 3, {nullptr, nullptr, 0, kNoAct, y.data(), 20});
    for (size_t i = 0; i < 60; ++i) CHECK(std::isnan(y[i]) == (i / 20 == 1));
  }
}

TEST_CASE("GemmNbitsFloat: the definition against float64, every variant against the definition") {
  unsigned seed = 0;
  for (const ProductShape& shape : kShapes) {
    const size_t n = shape.n, k = shape.k, block_size = shape.block_size, rows = shape.rows;
    for (unsigned bits : {2u, 4u, 8u}) {
      for (Zeros zeros : kAllZeros) {
        const std::string what = Describe(shape, bits, zeros);
        CAPTURE(what);
        ++seed;
        const Weight w(n, k, block_size, bits, zeros, seed % 2 == 0, seed);
        const PackedNbits packed(w.Source());
        const size_t x_stride = k + 3;
        const std::vector<float> x = NormalFloats(rows * x_stride - 3, seed), bias = NormalFloats(n, seed + 1);
        Guarded<float> in(x, Edge::kBack);
        const auto run = [&](GemmNbitsFloatFn& fn) {
          return [&](const FloatOutput& out, size_t p, size_t panels, size_t m, size_t count) {
            fn(packed.Weights(), p, panels, in.data(), x_stride, m, count, out);
          };
        };
        const std::vector<float> y = Product(w, rows, false, bias, {}, kNoAct, run(GemmNbitsFloatScalar));
        for (size_t m = 0; m < rows; ++m) {
          for (size_t i = 0; i < n; ++i) {
            double sum = bias[i], size = std::fabs(bias[i]);
            for (size_t c = 0; c < k; ++c) {
              const double term = x[m * x_stride + c] * w.Value(i, c) * w.Scale(i, c / block_size);
              sum += term;
              size += std::fabs(term);
            }
            // k fused additions and the bias, on weights that were rounded twice.
            REQUIRE(std::fabs(y[m * (n + 1) + i] - sum) <= size * static_cast<double>(k + 4) * 0x1p-24);
          }
        }
        for (const auto& variant : Runnable(GemmNbitsFloatVariants())) {
          CAPTURE(std::string(IsaName(variant.isa)));
          for (bool pieces : {false, true}) {
            REQUIRE(SameFloats(Product(w, rows, pieces, bias, {}, kNoAct, run(*variant.fn)), y));
          }
        }
      }
    }
  }
}

TEST_CASE("GemmNbits: residual and every activation, the same bits from every variant") {
  const size_t n = 37, k = 48, rows = 7;
  const Weight w(n, k, 32, 4, Zeros::kPacked, false, 5);
  const PackedNbits packed(w.Source());
  const std::vector<float> x = NormalFloats(rows * k, 6), bias = NormalFloats(n, 7);
  const std::vector<float> residual = NormalFloats(rows * (n + 2), 8);
  const Quantized q = Quantize(QuantizeRowsNbitsScalar, x, rows, k, w, 1);
  for (int kind = 0; kind <= static_cast<int>(Activation::kElu); ++kind) {
    const ActivationSpec act{static_cast<Activation>(kind), 0.25f, 0.5f};
    CAPTURE(kind);
    const auto int8 = [&](GemmNbitsInt8Fn& fn) {
      return Product(w, rows, true, bias, residual, act,
                     [&](const FloatOutput& out, size_t p, size_t panels, size_t m, size_t count) {
                       fn(packed.Weights(), p, panels, q.View(), m, count, out);
                     });
    };
    const auto floats = [&](GemmNbitsFloatFn& fn, const ActivationSpec& spec) {
      return Product(w, rows, false, bias, residual, spec,
                     [&](const FloatOutput& out, size_t p, size_t panels, size_t m, size_t count) {
                       fn(packed.Weights(), p, panels, x.data(), k, m, count, out);
                     });
    };
    for (const auto& variant : Runnable(GemmNbitsInt8Variants())) {
      REQUIRE(SameFloats(int8(*variant.fn), int8(GemmNbitsInt8Scalar)));
    }
    for (const auto& variant : Runnable(GemmNbitsFloatVariants())) {
      REQUIRE(SameFloats(floats(*variant.fn, act), floats(GemmNbitsFloatScalar, act)));
    }
    if (act.kind == Activation::kLeaky) {
      const std::vector<float> plain = floats(GemmNbitsFloatScalar, kNoAct), leaky = floats(GemmNbitsFloatScalar, act);
      for (size_t i = 0; i < n; ++i) CHECK(leaky[i] == (plain[i] < 0 ? 0.25f * plain[i] : plain[i]));
    }
  }
}

TEST_CASE("PackedNbits keeps scales as float16 only where they are exact") {
  for (bool half : {false, true}) {
    const Weight w(20, 64, 32, 4, Zeros::kDefault, half, 9);
    const PackedNbits packed(w.Source());
    CHECK((packed.Weights().half_scales != nullptr) == half);
    CHECK((packed.Weights().scales != nullptr) == !half);
    CHECK(packed.Bytes() == 32u * 64 / 2 + 32u * 2 * (half ? 2 : 4));
  }
}
