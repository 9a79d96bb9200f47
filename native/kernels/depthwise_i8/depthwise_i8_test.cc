#include "kernels/depthwise_i8/depthwise_i8.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "testing/cases.h"
#include "testing/guarded.h"

using namespace gossamer;

namespace {

struct Layer {
  size_t rows, channels, taps, positions;
  std::vector<uint8_t> x, residual;
  std::vector<float> float_residual, scale, offset;
  std::vector<int8_t> w;
  std::vector<int32_t> offsets, bias;
  Guarded<int8_t> blocks;
  PackedDepthwiseI8 packed;

  // Seed 0: only 255 and -128, whose products saturate 16 bits.
  Layer(size_t rows, size_t channels, size_t taps, unsigned seed)
      : rows(rows),
        channels(channels),
        taps(taps),
        positions(rows + 2),
        x(positions * channels + kReadSlack),
        residual(rows * channels + kReadSlack),
        float_residual(NormalFloats(rows * channels + kReadSlack, seed)),
        scale((channels + 15) / 16 * 16),
        offset(scale.size()),
        w(channels * taps),
        offsets(rows * taps),
        bias(scale.size()),
        blocks(DepthwiseBytesI8(channels, taps), Edge::kFront) {
    std::mt19937 random(seed);
    for (uint8_t& v : x) v = static_cast<uint8_t>(seed == 0 ? 255 : random());
    for (uint8_t& v : residual) v = static_cast<uint8_t>(random());
    for (int8_t& v : w) v = static_cast<int8_t>(seed == 0 ? -128 : static_cast<int>(random() % 256) - 128);
    for (int32_t& v : offsets) v = static_cast<int32_t>(random() % positions * channels);
    for (size_t n = 0; n < scale.size(); ++n) {
      bias[n] = static_cast<int32_t>(random() % 4001) - 2000;
      scale[n] = std::ldexp(1.0f + static_cast<float>(n), -12);
      offset[n] = static_cast<float>(n) - 20;
    }
    packed = PackDepthwiseI8(w.data(), channels, taps, blocks.data());
  }
  int32_t Sum(size_t m, size_t n) const {
    int32_t sum = bias[n];
    for (size_t t = 0; t < taps; ++t) sum += x[static_cast<size_t>(offsets[t * rows + m]) + n] * w[n * taps + t];
    return sum;
  }
  std::vector<uint8_t> Run(DepthwiseI8Fn& fn, Int8Output o, Edge edge) const {
    const size_t size = o.kind == Int8Result::kQuantized ? 1 : 4;
    Guarded<uint8_t> y(std::vector<uint8_t>(rows * channels * size, 0xa5), edge), in(x, Edge::kBack);
    o.y = y.data();
    const ActivationRows r{offsets.data(), rows, taps, channels, channels};
    fn(in.data(), r, 0, rows / 3, packed, o);
    fn(in.data(), r, rows / 3, rows, packed, o);
    return y.Copy();
  }
};

}  // namespace

TEST_CASE("DepthwiseI8: the definition equals plain sums and every variant the definition, for every result") {
  for (size_t channels : {1, 15, 16, 17, 32, 33, 48, 49, 63, 64, 65, 96, 144}) {
    for (size_t taps : {1, 3, 4, 9, 25}) {
      for (unsigned seed = 0; seed < 2; ++seed) {
        const Layer layer(channels % 3 + 4 * (taps % 3) + 1, channels, taps, seed);
        for (unsigned kind = 0; kind < 6; ++kind) {
          Int8Output o{};
          o.kind = static_cast<Int8Result>(kind % 3);
          o.bias = layer.bias.data();
          o.scale = layer.scale.data();
          o.offset = layer.offset.data();
          o.zero_point = 9;
          o.low = 3;
          o.high = 251;
          o.own_ratio = 0.5f;
          o.residual_ratio = 1.5f;
          o.residual_zero = 128;
          o.sum_zero = 60;
          o.sum_high = 200;
          o.residual_stride = o.y_stride = channels;
          if (kind == 4) o.residual = layer.float_residual.data();
          if (kind == 5) o.residual = layer.residual.data();
          if (kind == 4) o.act = {Activation::kHardSwish, 0, 0};
          const std::vector<uint8_t> expected = layer.Run(DepthwiseI8Scalar, o, Edge::kBack);
          for (size_t m = 0; m < layer.rows && kind < 3; ++m) {
            for (size_t n = 0; n < channels; ++n) {
              const size_t at = m * channels + n;
              const int32_t sum = layer.Sum(m, n);
              int32_t whole;
              float real;
              if (kind != 2) std::memcpy(&whole, expected.data() + at * 4, 4);
              if (kind != 2) std::memcpy(&real, expected.data() + at * 4, 4);
              if (kind == 0) REQUIRE(whole == sum);
              const double exact = static_cast<double>(sum) * layer.scale[n] + layer.offset[n];
              if (kind == 1) REQUIRE(real == static_cast<float>(exact));
              const double q = std::nearbyint(static_cast<double>(sum) * layer.scale[n]) + 9;
              if (kind == 2) REQUIRE(expected[at] == std::min(std::max(q, 3.0), 251.0));
            }
          }
          for (const auto& variant : Runnable(DepthwiseI8Variants())) {
            CAPTURE(std::string(IsaName(variant.isa)));
            CAPTURE(channels);
            CAPTURE(taps);
            for (Edge edge : {Edge::kFront, Edge::kBack}) REQUIRE(SameBits(layer.Run(*variant.fn, o, edge), expected));
          }
        }
      }
    }
  }
}
