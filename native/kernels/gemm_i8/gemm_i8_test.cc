#include "kernels/gemm_i8/gemm_i8.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "testing/cases.h"
#include "testing/guarded.h"

using namespace gossamer;

namespace {

template <class T>
T Clip(T v, T low, T high) {
  return v < low ? low : v > high ? high : v;
}

struct Shape {
  size_t rows, outputs, taps, piece;
};

// A layer with everything that Int8Output can ask for, random but for the extremes that come with `seed` 0: only 255
// and -128, whose products saturate 16 bits.
struct Layer {
  Shape shape;
  size_t positions;  // pieces that rows choose from
  std::vector<uint8_t> x, residual;
  std::vector<float> float_residual;
  std::vector<int8_t> w;
  std::vector<int32_t> offsets, bias, weight_zero, row_sums, sums;
  std::vector<float> scale, offset;
  Guarded<int8_t> panels;
  PackedWeightsI8 packed;

  Layer(Shape s, unsigned seed)
      : shape(s), positions(s.rows + 3), panels(PanelBytesI8(s.outputs, s.taps, s.piece), Edge::kFront) {
    std::mt19937 random(seed + 1);
    const size_t padded = (s.outputs + 15) / 16 * 16, depth = s.taps * s.piece;
    x.resize(positions * s.piece + (s.piece % 4 == 0 ? 0 : kReadSlack));
    for (uint8_t& v : x) v = static_cast<uint8_t>(seed == 0 ? 255 : random());
    w.resize(s.outputs * depth);
    for (int8_t& v : w) v = static_cast<int8_t>(seed == 0 ? -128 : static_cast<int>(random() % 256) - 128);
    offsets.resize(s.taps * s.rows);
    for (int32_t& v : offsets) v = static_cast<int32_t>(random() % positions * s.piece);
    bias.resize(padded);
    weight_zero.resize(padded);
    scale.resize(padded);
    offset.resize(padded);
    for (size_t n = 0; n < padded; ++n) {
      bias[n] = static_cast<int32_t>(random() % 4001) - 2000;
      weight_zero[n] = static_cast<int32_t>(random() % 256) - 128;
      scale[n] = std::ldexp(1.0f + static_cast<float>(random() % 1000) / 1000, -10 - static_cast<int>(random() % 4));
      offset[n] = static_cast<float>(static_cast<int>(random() % 200) - 100) / 16;
    }
    row_sums.resize(s.rows);
    residual.resize(s.rows * (s.outputs + 3) + kReadSlack);
    for (uint8_t& v : residual) v = static_cast<uint8_t>(random());
    float_residual = NormalFloats(residual.size(), seed);
    sums.assign(padded, -1);
    packed = PackWeightsI8(w.data(), s.outputs, s.taps, s.piece, panels.data(), sums.data());
  }

  ActivationRows Rows() const {
    return {shape.taps == 1 && shape.rows % 2 == 0 ? nullptr : offsets.data(), shape.rows, shape.taps, shape.piece,
            shape.piece};
  }
  // By 64-bit sums over plain weights.
  int64_t Sum(size_t m, size_t n) const {
    const ActivationRows rows = Rows();
    int64_t sum = 0;
    for (size_t t = 0; t < shape.taps; ++t) {
      const size_t at = rows.offsets == nullptr ? m * shape.piece : static_cast<size_t>(offsets[t * shape.rows + m]);
      for (size_t k = 0; k < shape.piece; ++k) sum += x[at + k] * w[(n * shape.taps + t) * shape.piece + k];
    }
    return sum;
  }
  Int8Output Output(Int8Result kind, bool has_row_sums, bool has_residual, void* y) {
    Int8Output o{};
    o.kind = kind;
    o.bias = bias.data();
    o.weight_zero = weight_zero.data();
    o.row_sums = has_row_sums ? row_sums.data() : nullptr;
    o.scale = scale.data();
    o.offset = offset.data();
    o.zero_point = 7;
    o.low = 5;
    o.high = 250;
    if (has_residual)
      o.residual = kind == Int8Result::kFloat ? static_cast<void*>(float_residual.data()) : residual.data();
    o.residual_stride = shape.outputs + 3;
    o.own_ratio = 0.75f;
    o.residual_ratio = 0.625f;
    o.residual_zero = 100;
    o.sum_zero = 30;
    o.sum_low = 30;
    o.sum_high = 240;
    o.y = y;
    o.y_stride = shape.outputs + 1;
    return o;
  }
};

// The contract in int64 and double. Every product of the test's numbers is exact in double.
double Expected(const Layer& layer, const Int8Output& o, size_t m, size_t n) {
  int64_t acc = layer.Sum(m, n) + o.bias[n];
  if (o.row_sums != nullptr) acc -= static_cast<int64_t>(o.row_sums[m]) * o.weight_zero[n];
  if (o.kind == Int8Result::kInt32) return static_cast<double>(acc);
  const double as_float = static_cast<float>(acc);
  if (o.kind == Int8Result::kFloat) {
    float v = static_cast<float>(as_float * o.scale[n] + o.offset[n]);
    if (o.act.kind == Activation::kClamp) v = Clip(v, o.act.a, o.act.b);
    if (o.act.kind == Activation::kLeaky && v < 0) v *= o.act.a;
    return o.residual == nullptr ? v : v + static_cast<const float*>(o.residual)[m * o.residual_stride + n];
  }
  const float product = static_cast<float>(as_float * o.scale[n]);
  const double q = Clip(std::nearbyint(static_cast<double>(product)) + o.zero_point, double(o.low), double(o.high));
  if (o.residual == nullptr) return q;
  const double r = static_cast<const uint8_t*>(o.residual)[m * o.residual_stride + n];
  const double v = (q - o.zero_point) * o.own_ratio + (r - o.residual_zero) * o.residual_ratio;
  return Clip(std::nearbyint(v) + o.sum_zero, double(o.sum_low), double(o.sum_high));
}

// Runs it in two ranges of rows, all panels at once or one at a time.
std::vector<uint8_t> RunLayer(GemmI8Fn& fn, Layer& layer, Int8Output o, bool by_panel, Edge edge) {
  const size_t size = o.kind == Int8Result::kQuantized ? 1 : 4, rows = layer.shape.rows;
  const size_t bytes = rows == 0 ? 0 : ((rows - 1) * o.y_stride + layer.shape.outputs) * size;
  Guarded<uint8_t> y(std::vector<uint8_t>(bytes, 0xa5), edge);
  o.y = y.data();
  Guarded<uint8_t> x(layer.x, Edge::kBack);
  const size_t panels = PanelCountI8(layer.shape.outputs), middle = rows / 3;
  for (size_t first = 0; first < panels; first += by_panel ? 1 : panels) {
    const size_t end = by_panel ? first + 1 : panels;
    fn(x.data(), layer.Rows(), 0, middle, layer.packed, first, end, o);
    fn(x.data(), layer.Rows(), middle, rows, layer.packed, first, end, o);
  }
  return y.Copy();
}

const Shape kShapes[] = {{1, 64, 1, 4},    {1, 130, 1, 100}, {2, 17, 1, 3},   {3, 48, 2, 5},   {4, 64, 1, 64},
                         {5, 33, 3, 21},   {6, 64, 9, 16},   {7, 100, 1, 67}, {9, 16, 4, 8},   {12, 1, 1, 1},
                         {13, 200, 2, 13}, {19, 65, 1, 30},  {25, 31, 3, 24}, {26, 80, 1, 40}, {40, 64, 1, 12},
                         {0, 20, 1, 8},    {3, 20, 2, 0}};

}  // namespace

TEST_CASE("GemmI8: the definition equals a sum in 64 bits and every variant the definition, for every result") {
  for (const Shape& shape : kShapes) {
    for (unsigned seed = 0; seed < 2; ++seed) {
      Layer layer(shape, seed);
      RowSumsI8Scalar(layer.x.data(), layer.Rows(), 0, shape.rows, layer.row_sums.data());
      for (Int8Result kind : {Int8Result::kInt32, Int8Result::kFloat, Int8Result::kQuantized}) {
        for (unsigned options = 0; options < 12; ++options) {
          Int8Output o =
              layer.Output(kind, (options & 1) != 0, (options & 2) != 0 && kind != Int8Result::kInt32, nullptr);
          if (kind == Int8Result::kFloat && options / 4 == 1) o.act = {Activation::kClamp, -3.0f, 20.0f};
          if (kind == Int8Result::kFloat && options / 4 == 2) o.act = {Activation::kLeaky, 0.25f, 0.0f};
          if (kind == Int8Result::kQuantized && options >= 4) o.low = 0, o.high = 255, o.zero_point = 0;
          const std::vector<uint8_t> expected = RunLayer(GemmI8Scalar, layer, o, false, Edge::kBack);
          for (size_t m = 0; m < shape.rows; ++m) {
            for (size_t n = 0; n < shape.outputs; ++n) {
              const size_t at = m * o.y_stride + n;
              const double value = Expected(layer, o, m, n);
              if (kind == Int8Result::kQuantized) REQUIRE(static_cast<double>(expected[at]) == value);
              int32_t whole;
              float real;
              if (kind != Int8Result::kQuantized) std::memcpy(&whole, expected.data() + at * 4, 4);
              if (kind != Int8Result::kQuantized) std::memcpy(&real, expected.data() + at * 4, 4);
              if (kind == Int8Result::kInt32) REQUIRE(static_cast<double>(whole) == value);
              if (kind == Int8Result::kFloat) REQUIRE(real == static_cast<float>(value));
            }
          }
          for (const auto& variant : Runnable(GemmI8Variants())) {
            CAPTURE(std::string(IsaName(variant.isa)));
            CAPTURE(shape.rows);
            CAPTURE(shape.outputs);
            CAPTURE(options);
            for (Edge edge : {Edge::kFront, Edge::kBack}) {
              REQUIRE(SameBits(RunLayer(*variant.fn, layer, o, edge == Edge::kFront, edge), expected));
            }
          }
        }
      }
    }
  }
}

TEST_CASE("RowSumsI8: every variant equals the sum of each row, and reads no further") {
  for (const Shape& shape : kShapes) {
    Layer layer(shape, 3);
    const ActivationRows rows = layer.Rows();
    std::vector<int32_t> expected(shape.rows);
    for (size_t m = 0; m < shape.rows; ++m) {
      for (size_t t = 0; t < shape.taps; ++t) {
        for (size_t k = 0; k < shape.piece; ++k) expected[m] += layer.x[PieceOffset(rows, t, m) + k];
      }
    }
    for (const auto& variant : Runnable(RowSumsI8Variants())) {
      CAPTURE(std::string(IsaName(variant.isa)));
      Guarded<uint8_t> x(layer.x, Edge::kBack);
      Guarded<int32_t> sums(shape.rows, Edge::kBack);
      variant.fn(x.data(), rows, 0, shape.rows, sums.data());
      CHECK(SameBits(sums.Copy(), expected));
    }
  }
}

TEST_CASE("PackWeightsI8: sums of weights, and no panel wider than it must be") {
  CHECK(PanelBytesI8(64, 1, 4) == 256);
  CHECK(PanelBytesI8(65, 1, 4) == 320);
  CHECK(PanelBytesI8(17, 3, 5) == 32 * 3 * 8);
  CHECK_THROWS_AS(PanelBytesI8(size_t{1} << 40, size_t{1} << 20, 16), std::bad_alloc);
  Layer layer({1, 70, 2, 5}, 4);
  for (size_t n = 0; n < 80; ++n) {
    int32_t sum = 0;
    for (size_t k = 0; n < 70 && k < 10; ++k) sum += layer.w[n * 10 + k];
    CHECK(layer.sums[n] == sum);
  }
}
