#include "kernels/sparse_i8/sparse_i8.h"

#include <doctest/doctest.h>

#include <cmath>
#include <memory>
#include <random>

#include "kernels/sparse_i8/pack.h"
#include "testing/cases.h"
#include "testing/guarded.h"

using namespace gossamer;

namespace {

// Arrays that are indexed by output can be read up to a multiple of 16.
size_t Padded(size_t outputs) { return (outputs + 15) / 16 * 16; }

using Random = std::mt19937;

int8_t NonZero(Random& random) {
  const int v = static_cast<int>(random() % 255) - 127;
  return static_cast<int8_t>(v == 0 ? -128 : v);
}

// Patterns of zeros, by name.
enum class Pattern { kRandom, kEmpty, kFull, kTwoOfFour, kTwelveOf64, kUneven, kBlocks, kOneWindow };
constexpr Pattern kPatterns[] = {Pattern::kRandom,     Pattern::kEmpty,  Pattern::kFull,   Pattern::kTwoOfFour,
                                 Pattern::kTwelveOf64, Pattern::kUneven, Pattern::kBlocks, Pattern::kOneWindow};

std::vector<int8_t> Weights(Pattern pattern, size_t outputs, size_t depth, Random& random) {
  std::vector<int8_t> w(outputs * depth);
  for (size_t n = 0; n < outputs; ++n) {
    const unsigned density = pattern == Pattern::kUneven ? random() % 100 : 20;
    for (size_t k = 0; k < depth; ++k) {
      bool kept = random() % 100 < density;
      if (pattern == Pattern::kEmpty) kept = false;
      if (pattern == Pattern::kFull) kept = true;
      if (pattern == Pattern::kTwoOfFour) kept = (k + n) % 4 < 2;
      if (pattern == Pattern::kTwelveOf64) kept = (k * 11 + n * 5) % 64 < 12;
      if (pattern == Pattern::kBlocks) kept = (k / 4 * 7 + n / 16 * 3) % 5 == 0;
      if (pattern == Pattern::kOneWindow) kept = k / 64 == n / 16 % 3;
      if (kept) w[n * depth + k] = NonZero(random);
    }
  }
  return w;
}

// Rows of activations as a convolution has them: pieces anywhere in x, some of them the row of zero points behind it.
struct Rows {
  Rows(size_t count, size_t taps, size_t piece, bool table, Random& random) : bytes(count * taps * piece + piece + 64) {
    for (uint8_t& b : bytes) b = static_cast<uint8_t>(random());
    // 255 often: sums must not saturate at 16 bits.
    for (size_t i = 0; i < bytes.size(); i += 3) bytes[i] = 255;
    view = {nullptr, count, taps, piece, taps * piece + 3};
    if (!table) bytes.resize(count * view.stride + 1);
    if (!table) return;
    for (size_t i = 0; i < count * taps; ++i) {
      offsets.push_back(static_cast<int32_t>(random() % (bytes.size() - piece)));
    }
    view.offsets = offsets.data();
  }
  std::vector<uint8_t> bytes;
  std::vector<int32_t> offsets;
  ActivationRows view;
};

// By the definition in linear.h, from the plain weights, in double where it says float and 64 bits where int32.
struct Oracle {
  const Rows& rows;
  const std::vector<int8_t>& w;

  int32_t Dot(size_t m, size_t n) const {
    const size_t taps = rows.view.taps, piece = rows.view.piece;
    int64_t sum = 0;
    for (size_t t = 0; t < taps; ++t) {
      const bool table = rows.view.offsets != nullptr;
      const size_t at = table ? static_cast<size_t>(rows.offsets[t * rows.view.count + m]) : m * rows.view.stride;
      for (size_t i = 0; i < piece; ++i) sum += rows.bytes[at + i] * w[(n * taps + t) * piece + i];
    }
    return static_cast<int32_t>(sum);
  }
};

void CheckProducts(Pattern pattern, SparseFormat format, size_t m, size_t n, size_t taps, size_t piece, bool table,
                   unsigned seed) {
  const int pattern_number = static_cast<int>(pattern), format_number = static_cast<int>(format);
  CAPTURE(pattern_number);
  CAPTURE(format_number);
  CAPTURE(m);
  CAPTURE(n);
  CAPTURE(taps);
  CAPTURE(piece);
  Random random(seed);
  const std::vector<int8_t> w = Weights(pattern, n, taps * piece, random);
  const Rows rows(m, taps, piece, table, random);
  const PlainI8Weights plain = {w.data(), n, taps, piece};
  const PackedSparseI8 packed(plain, PlanSparseI8(plain, format));
  std::vector<int32_t> bias(Padded(n)), expected(m * n);
  for (int32_t& b : bias) b = static_cast<int32_t>(random());
  const Oracle oracle = {rows, w};
  for (size_t i = 0; i < m * n; ++i) {
    const uint32_t dot = static_cast<uint32_t>(oracle.Dot(i / n, i % n));
    expected[i] = static_cast<int32_t>(dot + static_cast<uint32_t>(bias[i % n]));
  }
  Guarded<uint8_t> x(rows.bytes.size() + kReadSlack, Edge::kBack);
  std::memcpy(x.data(), rows.bytes.data(), rows.bytes.size());
  Guarded<uint8_t> scratch(SparseI8ScratchBytes(packed.View()), Edge::kFront);
  for (const auto& variant : Runnable(SparseI8Variants())) {
    CAPTURE(std::string(IsaName(variant.isa)));
    for (Edge edge : {Edge::kFront, Edge::kBack}) {
      Guarded<int32_t> y(m * n, edge);
      Int8Output output{};
      output.kind = Int8Result::kInt32;
      output.bias = bias.data();
      output.y = y.data();
      output.y_stride = n;
      variant.fn(x.data(), rows.view, 0, m, packed.View(), 0, packed.View().Panels(), output, scratch.data());
      REQUIRE(SameBits(y.Copy(), expected));
    }
  }
}

}  // namespace

TEST_CASE("SparseI8: every pattern, format and variant equals the dense product") {
  unsigned seed = 0;
  for (Pattern pattern : kPatterns) {
    for (SparseFormat format : {SparseFormat::kRounds, SparseFormat::kBlocks}) {
      for (size_t n : {1, 15, 16, 17, 64, 70, 200}) {
        for (size_t k : {1, 4, 63, 64, 65, 200, 512}) CheckProducts(pattern, format, 5, n, 1, k, false, ++seed);
      }
    }
  }
}

TEST_CASE("SparseI8: every number of rows") {
  for (size_t m = 0; m < 45; ++m) {
    for (SparseFormat format : {SparseFormat::kRounds, SparseFormat::kBlocks}) {
      CheckProducts(Pattern::kRandom, format, m, 80, 1, 130, false, static_cast<unsigned>(m));
      CheckProducts(Pattern::kUneven, format, m, 80, 9, 16, true, static_cast<unsigned>(m));
    }
  }
}

TEST_CASE("SparseI8: pieces of any length anywhere, as convolutions have them") {
  unsigned seed = 0;
  for (size_t piece : {1, 3, 4, 16, 21, 60, 64, 65, 96, 128, 255, 256, 260, 300}) {
    for (size_t taps : {1, 2, 9}) {
      for (Pattern pattern : {Pattern::kRandom, Pattern::kBlocks, Pattern::kFull}) {
        for (SparseFormat format : {SparseFormat::kRounds, SparseFormat::kBlocks}) {
          CheckProducts(pattern, format, 17, 40, taps, piece, true, ++seed);
        }
      }
    }
  }
}

TEST_CASE("SparseI8: part of the rows and of the panels") {
  Random random(3);
  const size_t m = 40, n = 200, k = 192;
  const std::vector<int8_t> w = Weights(Pattern::kUneven, n, k, random);
  const Rows rows(m, 3, 64, true, random);
  const PlainI8Weights plain = {w.data(), n, 3, 64};
  const PackedSparseI8 packed(plain, PlanSparseI8(plain, SparseFormat::kRounds));
  const std::vector<int32_t> bias(Padded(n), 7);
  std::vector<uint8_t> x = rows.bytes;
  x.resize(x.size() + kReadSlack);
  for (const auto& variant : Runnable(SparseI8Variants())) {
    std::vector<int32_t> y(m * n, -1);
    Guarded<uint8_t> scratch(SparseI8ScratchBytes(packed.View()), Edge::kFront);
    Int8Output output{};
    output.kind = Int8Result::kInt32;
    output.bias = bias.data();
    output.y = y.data();
    output.y_stride = n;
    variant.fn(x.data(), rows.view, 3, 33, packed.View(), 1, 3, output, scratch.data());
    for (size_t i = 0; i < m * n; ++i) {
      const size_t row = i / n, column = i % n;
      const bool asked = row >= 3 && row < 33 && column >= 64 && column < 192;
      REQUIRE(y[i] == (asked ? Oracle{rows, w}.Dot(row, column) + 7 : -1));
    }
  }
}

TEST_CASE("SparseI8: results as floats and as bytes, with a residual and with zero points of weights") {
  Random random(9);
  for (size_t n : {1, 16, 40, 64, 100, 130}) {
    const size_t m = 19, k = 150;
    const std::vector<int8_t> w = Weights(Pattern::kUneven, n, k, random);
    const Rows rows(m, 1, k, false, random);
    const PlainI8Weights plain = {w.data(), n, 1, k};
    const PackedSparseI8 packed(plain, PlanSparseI8(plain, SparseFormat::kRounds));
    std::vector<uint8_t> x = rows.bytes, residual(m * (n + 2) + kReadSlack);
    x.resize(x.size() + kReadSlack);
    for (uint8_t& r : residual) r = static_cast<uint8_t>(random());
    std::vector<int32_t> bias(Padded(n)), weight_zero(Padded(n)), row_sums(m);
    std::vector<float> scale(Padded(n)), offset(Padded(n));
    for (size_t i = 0; i < n; ++i) {
      bias[i] = static_cast<int32_t>(random() % 20000) - 10000;
      weight_zero[i] = static_cast<int32_t>(random() % 9) - 4;
      scale[i] = static_cast<float>(random() % 100 + 1) / 8192;  // products of few bits: many ties
      offset[i] = static_cast<float>(random() % 100) - 50;
    }
    for (int32_t& sum : row_sums) sum = static_cast<int32_t>(random() % 5000);
    for (int with : {0, 1, 2, 3}) {
      Int8Output output{};
      output.bias = bias.data();
      output.weight_zero = weight_zero.data();
      output.row_sums = (with & 1) != 0 ? row_sums.data() : nullptr;
      output.scale = scale.data();
      output.offset = offset.data();
      output.zero_point = 100;
      output.low = 10;
      output.high = 250;
      output.own_ratio = 0.75f;
      output.residual_ratio = 0.5f;
      output.residual_zero = 120;
      output.sum_zero = 90;
      output.sum_low = 5;
      output.sum_high = 255;
      output.residual_stride = n + 2;
      output.y_stride = n + 1;
      output.act = {with < 2 ? Activation::kNone : Activation::kClamp, -20, 30};
      for (const auto& variant : Runnable(SparseI8Variants())) {
        CAPTURE(std::string(IsaName(variant.isa)));
        CAPTURE(n);
        CAPTURE(with);
        Guarded<float> floats(m * (n + 1), Edge::kBack);
        Guarded<uint8_t> bytes(m * (n + 1), Edge::kBack);
        output.kind = Int8Result::kFloat;
        output.residual = nullptr;
        output.y = floats.data();
        variant.fn(x.data(), rows.view, 0, m, packed.View(), 0, packed.View().Panels(), output, nullptr);
        output.kind = Int8Result::kQuantized;
        output.residual = (with & 2) != 0 ? residual.data() : nullptr;
        output.y = bytes.data();
        variant.fn(x.data(), rows.view, 0, m, packed.View(), 0, packed.View().Panels(), output, nullptr);
        for (size_t r = 0; r < m; ++r) {
          for (size_t c = 0; c < n; ++c) {
            int64_t acc = Oracle{rows, w}.Dot(r, c) + bias[c];
            if ((with & 1) != 0) acc -= static_cast<int64_t>(row_sums[r]) * weight_zero[c];
            float f = std::fma(static_cast<float>(acc), scale[c], offset[c]);
            if (with >= 2) f = std::fmin(std::fmax(f, -20.0f), 30.0f);
            REQUIRE(floats.data()[r * (n + 1) + c] == f);
            double q = std::nearbyint(static_cast<float>(acc) * scale[c]) + 100;
            q = std::fmin(std::fmax(q, 10), 250);
            if ((with & 2) != 0) {
              // Exact in double: both ratios have few bits.
              q = std::nearbyint((q - 100) * 0.75 + (residual[r * (n + 2) + c] - 120) * 0.5) + 90;
              q = std::fmin(std::fmax(q, 5), 255);
            }
            REQUIRE(bytes.data()[r * (n + 1) + c] == q);
          }
        }
      }
    }
  }
}

TEST_CASE("PlanSparseI8: windows follow unstructured masks, and lie side by side for balanced ones") {
  Random random(6);
  std::vector<int8_t> scattered(64 * 768), balanced(64 * 768);
  for (int8_t& v : scattered) v = random() % 100 < 20 ? NonZero(random) : 0;
  for (size_t i = 0; i < balanced.size(); ++i) balanced[i] = i % 16 < 3 ? NonZero(random) : 0;  // 12 of 64
  const auto rounds_per_window = [](const SparseI8Plan& plan) {
    return static_cast<double>(plan.rounds) / (4 * 768 / static_cast<double>(kSparseWindow));
  };
  const SparseI8Plan chosen = PlanSparseI8({scattered.data(), 64, 1, 768}, SparseFormat::kRounds);
  CHECK(rounds_per_window(chosen) < 4.1);  // side by side they take 5; 3.2 rounds have place for all non-zeros
  const SparseI8Plan aligned = PlanSparseI8({balanced.data(), 64, 1, 768}, SparseFormat::kRounds);
  CHECK(rounds_per_window(aligned) == 3);
  for (const SparseStep& step : aligned.steps) CHECK(step.k % kSparseWindow == 0);
}

TEST_CASE("ChooseSparseI8: sparse where it pays, and says why") {
  Random random(5);
  const bool has_variant =
      SelectedIsa() >= Isa::kAvx512Vbmi || (GOSSAMER_AARCH64 && SelectedIsa() >= Isa::kNeonDotprod);
  const auto choose = [&](unsigned density, size_t outputs, size_t taps, size_t piece, size_t rows) {
    std::vector<int8_t> w(outputs * taps * piece);
    for (int8_t& v : w) v = random() % 100 < density ? NonZero(random) : 0;
    return ChooseSparseI8({w.data(), outputs, taps, piece}, rows);
  };
  CHECK_FALSE(choose(100, 64, 1, 256, 0).sparse);
  CHECK_FALSE(choose(65, 64, 1, 256, 0).sparse);
  CHECK(choose(5, 128, 1, 512, 0).sparse == has_variant);
  CHECK(choose(5, 128, 9, 64, 0).sparse == has_variant);
  CHECK(choose(0, 16, 1, 64, 0).sparse == has_variant);
  CHECK_FALSE(choose(5, 16, 1, 0, 0).sparse);
  CHECK_FALSE(choose(50, 256, 1, 1024, 1).sparse);  // more bytes than dense, and nothing else counts for one row
  CHECK(choose(5, 128, 1, 512, 0).reason.find("95") != std::string::npos);

  std::vector<int8_t> blocks(128 * 512);
  for (size_t i = 0; i < blocks.size(); ++i) blocks[i] = i % 512 / 16 % 4 == 0 ? NonZero(random) : 0;
  const SparseI8Choice choice = ChooseSparseI8({blocks.data(), 128, 1, 512}, 0);
  if (has_variant) CHECK(choice.plan.format == SparseFormat::kBlocks);
}
