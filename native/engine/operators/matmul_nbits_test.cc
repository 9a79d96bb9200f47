#include <doctest/doctest.h>

#include <cmath>

#include "kernels/small_float/small_float.h"
#include "testing/cases.h"
#include "testing/random_bytes.h"
#include "testing/run_operator.h"

using namespace gossamer;

namespace {

const std::vector<DataType> kFloat = {DataType::kFloat32};

unsigned Code(const std::vector<uint8_t>& bytes, size_t start, size_t index, unsigned bits) {
  return bytes[start + index * bits / 8] >> (index * bits % 8) & ((1u << bits) - 1);
}

// Sizes of a case and its constants.
struct Weight {
  size_t n, k, block, blocks;
  unsigned bits;
  std::vector<uint8_t> codes, zeros;
  std::vector<float> scales;

  Weight(size_t n, size_t k, size_t block, unsigned bits)
      : n(n), k(k), block(block), blocks((k + block - 1) / block), bits(bits),
        codes(RandomBytes(n * blocks * block * bits / 8, 1)), zeros(RandomBytes(n * ((blocks * bits + 7) / 8), 2)),
        scales(NormalFloats(n * blocks, 3, 0.1f)) {}
  static int64_t Size(size_t size) { return static_cast<int64_t>(size); }
  Argument Codes() const {
    return Argument::Constant(Value({Size(n), Size(blocks), Size(block * bits / 8)}, codes));
  }
  Argument Scales() const { return Argument::Constant(Value({Size(n), Size(blocks)}, scales)); }
  Argument Zeros() const { return Argument::Constant(Value({Size(zeros.size())}, zeros)); }
  Attributes WithLevel(int level, const char* activation = "none") const {
    return MakeAttributes({{"N", n}, {"K", k}, {"bits", bits}, {"block_size", block}, {"accuracy_level", level},
                           {"activation", activation}});
  }
  unsigned CodeAt(size_t row, size_t column) const {
    return Code(codes, row * blocks * block * bits / 8, column, bits);
  }
  double Zero(size_t row, size_t column, bool given) const {
    return given ? Code(zeros, row * ((blocks * bits + 7) / 8), column / block, bits) : 1u << (bits - 1);
  }
};

}  // namespace

TEST_CASE("MatMulNBits: both accuracies against float64, with and without zero points, bias and residual") {
  for (const Weight& w :
       {Weight(50, 70, 32, 4), Weight(33, 200, 64, 8), Weight(17, 40, 16, 2), Weight(300, 512, 128, 4)}) {
    for (size_t rows : {size_t{0}, size_t{1}, size_t{5}, size_t{200}}) {
      for (int level : {0, 4}) {
        for (bool full : {false, true}) {
          const int64_t m = static_cast<int64_t>(rows), n = Weight::Size(w.n);
          const std::vector<float> x = NormalFloats(rows * w.k, 4), bias = NormalFloats(w.n, 5);
          const std::vector<float> residual = NormalFloats(rows * w.n, 6);
          std::vector<Argument> arguments = {Value({1, m, Weight::Size(w.k)}, x), w.Codes(), w.Scales()};
          if (full) {
            arguments.insert(arguments.end(), {w.Zeros(), Argument::None(), Argument::Constant(Value({n}, bias)),
                                               Value({1, m, n}, residual)});
          }
          const Value y = RunOperator("MatMulNBits", w.WithLevel(level, full ? "relu" : "none"), arguments, kFloat)[0];
          REQUIRE(y.dims == Dims{1, m, n});
          const std::vector<float> values = y.To<float>();
          for (size_t i = 0; i < rows; ++i) {
            for (size_t j = 0; j < w.n; ++j) {
              double sum = full ? static_cast<double>(bias[j]) + residual[i * w.n + j] : 0, bound = std::fabs(sum);
              double lost = 0;  // half a step of each activation
              for (size_t c = 0; c < w.k; ++c) {
                const double weight = (w.CodeAt(j, c) - w.Zero(j, c, full)) * w.scales[j * w.blocks + c / w.block];
                float largest = 0;
                const size_t first = c / w.block * w.block;
                for (size_t b = first; level == 4 && b < std::min(w.k, first + w.block); ++b) {
                  largest = std::max(largest, std::fabs(x[i * w.k + b]));
                }
                sum += x[i * w.k + c] * weight;
                bound += std::fabs(x[i * w.k + c] * weight) + largest / 127.0 * std::fabs(weight);
                lost += 0.5 * largest / 127.0 * std::fabs(weight);
              }
              const double expected = full ? std::fmax(sum, 0.0) : sum;
              REQUIRE(std::fabs(values[i * w.n + j] - expected) <=
                      lost + bound * static_cast<double>(w.k + 6) * 0x1p-23);
            }
          }
        }
      }
    }
  }
}

TEST_CASE("MatMulNBits: float16 scales and float zero points mean the same as their float32 and packed twins") {
  Weight w(40, 96, 32, 4);
  std::vector<uint16_t> halves(w.scales.size());
  F32ToF16()(w.scales.data(), w.scales.size(), halves.data());
  F16ToF32()(halves.data(), halves.size(), w.scales.data());
  std::vector<float> zeros(w.scales.size());
  for (size_t i = 0; i < zeros.size(); ++i) {
    zeros[i] = static_cast<float>(w.Zero(i / w.blocks, i % w.blocks * 32, true));
  }
  const Value x({3, 96}, NormalFloats(3 * 96, 7));
  const Argument half_scales = Argument::Constant(Value(DataType::kFloat16, {40, 3}, halves));
  const Argument float_zeros = Argument::Constant(Value({40, 3}, zeros));
  for (int level : {0, 4}) {
    const auto run = [&](const Argument& scales, const Argument& zero_points) {
      return RunOperator("MatMulNBits", w.WithLevel(level), {x, w.Codes(), scales, zero_points}, kFloat)[0].bytes;
    };
    CHECK(run(half_scales, float_zeros) == run(w.Scales(), w.Zeros()));
  }
}

TEST_CASE("MatMulNBits: a row does not depend on how many there are") {
  const Weight w(100, 160, 32, 4);
  const std::vector<float> x = NormalFloats(70 * 160, 8);
  for (int level : {0, 4}) {
    const auto run = [&](const Value& rows) {
      return RunOperator("MatMulNBits", w.WithLevel(level), {rows, w.Codes(), w.Scales()}, kFloat)[0].To<float>();
    };
    const std::vector<float> all = run(Value({70, 160}, x));
    const std::vector<float> one = run(Value({160}, std::vector<float>(x.begin() + 69 * 160, x.end())));
    CHECK(SameBits(one, std::vector<float>(all.begin() + 6900, all.end())));
  }
}

TEST_CASE("MatMulNBits refuses what does not fit") {
  const Weight w(8, 64, 32, 4);
  const Value x({2, 64}, NormalFloats(128, 1));
  const auto refuses = [&](Attributes attributes, std::vector<Argument> arguments) {
    CHECK_THROWS_AS(RunOperator("MatMulNBits", std::move(attributes), arguments, kFloat), EngineError);
  };
  const Argument order = Argument::Constant(Value({64}, std::vector<int32_t>(64)));
  refuses(w.WithLevel(4), {x, w.Codes(), w.Scales(), Argument::None(), order});
  refuses(w.WithLevel(4), {Value({2, 63}, NormalFloats(126, 1)), w.Codes(), w.Scales()});
  refuses(w.WithLevel(4), {Value({}, NormalFloats(1, 1)), w.Codes(), w.Scales()});
  refuses(w.WithLevel(4), {x, w.Codes().value, w.Scales()});
  refuses(w.WithLevel(4), {x, w.Codes(), Argument::Constant(Value({15}, NormalFloats(15, 1)))});
  refuses(w.WithLevel(4), {x, w.Scales(), w.Scales()});
  refuses(w.WithLevel(4), {x, w.Codes(), w.Scales(), Argument::Constant(Value({7}, RandomBytes(7, 1)))});
  const Value bias({7}, NormalFloats(7, 1));
  refuses(w.WithLevel(4), {x, w.Codes(), w.Scales(), Argument::None(), Argument::None(), bias});
  const double huge = 2147483648.0;
  for (const auto& [n, k, bits, block] : {std::array<double, 4>{8, 64, 3, 32}, {8, 64, 4, 24}, {8, 64, 4, 512},
                                          {0, 64, 4, 32}, {8, -1, 4, 32}, {huge, huge, 4, 32}, {1e15, 64, 4, 32}}) {
    refuses(MakeAttributes({{"N", n}, {"K", k}, {"bits", bits}, {"block_size", block}}), {x, w.Codes(), w.Scales()});
  }
}

TEST_CASE("MatMulCodebook: entries of a table times scales") {
  for (const Weight& w : {Weight(50, 70, 32, 4), Weight(33, 200, 64, 8), Weight(17, 40, 16, 2)}) {
    const std::vector<float> table = NormalFloats(size_t{1} << w.bits, 9), x = NormalFloats(7 * w.k, 10);
    const std::vector<float> bias = NormalFloats(w.n, 11);
    const std::vector<Argument> arguments = {Value({7, Weight::Size(w.k)}, x), w.Codes(),
                                             Argument::Constant(Value({Weight::Size(table.size())}, table)), w.Scales(),
                                             Value({Weight::Size(w.n)}, bias)};
    const std::vector<float> y = RunOperator("MatMulCodebook", w.WithLevel(0), arguments, kFloat)[0].To<float>();
    for (size_t i = 0; i < 7 * w.n; ++i) {
      const size_t row = i % w.n;
      float sum = 0;  // the kernel's own order: equal bit for bit
      for (size_t c = 0; c < w.k; ++c) {
        sum = std::fma(x[i / w.n * w.k + c], table[w.CodeAt(row, c)] * w.scales[row * w.blocks + c / w.block], sum);
      }
      REQUIRE(y[i] == sum + bias[row]);
    }
    std::vector<Argument> small = arguments;
    small[2] = Argument::Constant(Value({3}, NormalFloats(3, 1)));
    CHECK_THROWS_AS(RunOperator("MatMulCodebook", w.WithLevel(0), small, kFloat), EngineError);
  }
}

TEST_CASE("GatherBlockQuantized: rows of packed codes") {
  for (unsigned bits : {2u, 4u, 8u}) {
    for (bool given : {false, true}) {
      const Weight w(9, 64, 16, bits);  // 9 rows of 64 codes
      const Value data({9, Weight::Size(64 * bits / 8)}, w.codes), scales({9, 4}, w.scales);
      const Value indices({2, 3}, std::vector<int64_t>{0, 8, -1, 4, 4, -9});
      std::vector<Argument> arguments = {Argument::Constant(data), indices, Argument::Constant(scales)};
      if (given) {
        arguments.push_back(Argument::Constant(Value({9, Weight::Size((4 * bits + 7) / 8)}, w.zeros)));
      }
      const Attributes attributes = MakeAttributes({{"bits", bits}, {"block_size", 16}});
      const Value y = RunOperator("GatherBlockQuantized", attributes, arguments, kFloat)[0];
      CHECK(y.dims == Dims{2, 3, 64});
      const std::vector<float> values = y.To<float>();
      const size_t rows[] = {0, 8, 8, 4, 4, 0};
      for (size_t i = 0; i < 6 * 64; ++i) {
        const size_t row = rows[i / 64], c = i % 64;
        const float code = static_cast<float>(w.CodeAt(row, c) - w.Zero(row, c, given));
        REQUIRE(values[i] == code * w.scales[row * 4 + c / 16]);
      }
      arguments[1] = Value({1}, std::vector<int64_t>{9});
      CHECK_THROWS_AS(RunOperator("GatherBlockQuantized", attributes, arguments, kFloat), EngineError);
      arguments[1] = indices;
      arguments[2] = Argument::Constant(Value({9, 3}, NormalFloats(27, 1)));
      CHECK_THROWS_AS(RunOperator("GatherBlockQuantized", attributes, arguments, kFloat), EngineError);
    }
  }
}
