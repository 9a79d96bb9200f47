#include "kernels/quantize_affine/quantize_affine.h"

#include <doctest/doctest.h>

#include "kernels/quantize_affine/tensor.h"
#include "testing/cases.h"
#include "testing/guarded.h"

using namespace gossamer;

namespace {

struct Case {
  AffineParams params;
  CodeRange range;
};

const Case kCases[] = {
    {{0.5f, 0}, {-128, 127}},  {{0.5f, 1}, {-128, 127}}, {{0.1f, -128}, {-128, 127}}, {{0.25f, 128}, {0, 255}},
    {{3e-3f, 255}, {0, 255}},  {{0.5f, 0}, {-8, 7}},     {{0.5f, 8}, {0, 15}},        {{1e-40f, 0}, {-127, 127}},
    {{1e38f, 3}, {-128, 127}}, {{-0.5f, 8}, {0, 15}},    {{0.5f, 0}, {-64, 64}},
};

// Independent of the kernel: rounds the float quotient in double, by the words of the ONNX standard.
uint8_t OracleQuantize(float x, AffineParams p, CodeRange range) {
  if (std::isnan(x)) return static_cast<uint8_t>(range.min);
  const double quotient = static_cast<double>(x / p.scale);
  const double code = std::nearbyint(quotient) + p.zero_point;
  if (code <= range.min) return static_cast<uint8_t>(range.min);
  if (code >= range.max) return static_cast<uint8_t>(range.max);
  return static_cast<uint8_t>(static_cast<int>(code));
}

float OracleDequantize(uint8_t q, bool is_signed, AffineParams p) {
  const int code = is_signed && q > 127 ? q - 256 : q;
  return static_cast<float>(static_cast<double>(code - p.zero_point) * static_cast<double>(p.scale));
}

std::vector<uint8_t> AllBytes(size_t count) {
  std::vector<uint8_t> q(count);
  for (size_t i = 0; i < count; ++i) q[i] = static_cast<uint8_t>(i * 37 + 11);
  return q;
}

}  // namespace

TEST_CASE("QuantizeAffine: every variant equals the oracle at every length, alignment and edge") {
  for (const auto& variant : Runnable(QuantizeAffineVariants())) {
    CAPTURE(std::string(IsaName(variant.isa)));
    for (const Case& c : kCases) {
      for (size_t n : AwkwardLengths()) {
        const std::vector<float> x = AwkwardFloats(n, static_cast<unsigned>(n) + 1, std::fabs(c.params.scale));
        std::vector<uint8_t> expected(n);
        for (size_t i = 0; i < n; ++i) expected[i] = OracleQuantize(x[i], c.params, c.range);
        for (Edge edge : {Edge::kFront, Edge::kBack}) {
          for (size_t shift : {0, 4, 12}) {
            Guarded<float> in(x, edge, shift);
            Guarded<uint8_t> out(n, edge, shift / 4);
            variant.fn(in.data(), n, c.params, c.range, out.data());
            REQUIRE(SameBits(out.Copy(), expected));
          }
        }
      }
    }
  }
}

TEST_CASE("QuantizeAffineEach: every variant equals the oracle with a parameter for each element") {
  for (const auto& variant : Runnable(QuantizeAffineEachVariants())) {
    CAPTURE(std::string(IsaName(variant.isa)));
    for (size_t n : AwkwardLengths()) {
      const std::vector<float> x = AwkwardFloats(n, 7);
      std::vector<float> scale(n);
      std::vector<int32_t> zero_point(n);
      std::vector<uint8_t> expected(n);
      for (size_t i = 0; i < n; ++i) {
        scale[i] = 0.1f + 0.05f * static_cast<float>(i % 19);
        zero_point[i] = static_cast<int32_t>(i % 256) - 128;
        expected[i] = OracleQuantize(x[i], {scale[i], zero_point[i]}, {-128, 127});
      }
      for (Edge edge : {Edge::kFront, Edge::kBack}) {
        Guarded<float> in(x, edge), scales(scale, edge);
        Guarded<int32_t> zero_points(zero_point, edge);
        Guarded<uint8_t> out(n, edge);
        variant.fn(in.data(), n, scales.data(), zero_points.data(), {-128, 127}, out.data());
        REQUIRE(SameBits(out.Copy(), expected));
      }
    }
  }
}

TEST_CASE("DequantizeAffine and DequantizeAffineEach: every variant equals the oracle") {
  for (bool is_signed : {true, false}) {
    for (const Case& c : kCases) {
      for (size_t n : AwkwardLengths()) {
        const std::vector<uint8_t> q = AllBytes(n);
        std::vector<float> expected(n);
        for (size_t i = 0; i < n; ++i) expected[i] = OracleDequantize(q[i], is_signed, c.params);
        const std::vector<float> scales(n, c.params.scale);
        const std::vector<int32_t> zero_points(n, c.params.zero_point);
        for (Edge edge : {Edge::kFront, Edge::kBack}) {
          Guarded<uint8_t> in(q, edge, 1);
          Guarded<float> out(n, edge, 4), scale(scales, edge);
          Guarded<int32_t> zero_point(zero_points, edge);
          for (const auto& variant : Runnable(DequantizeAffineVariants())) {
            variant.fn(in.data(), n, is_signed, c.params, out.data());
            REQUIRE(SameBits(out.Copy(), expected));
          }
          for (const auto& variant : Runnable(DequantizeAffineEachVariants())) {
            variant.fn(in.data(), n, is_signed, scale.data(), zero_point.data(), out.data());
            REQUIRE(SameBits(out.Copy(), expected));
          }
        }
      }
    }
  }
}

TEST_CASE("QuantizeTensor: per tensor, axis and block, in bytes and nibbles, equals the oracle at every thread count") {
  const unsigned threads = ThreadPool::Process().Threads();
  for (Granularity g : {Granularity::kPerTensor, Granularity::kPerAxis, Granularity::kPerBlock}) {
    for (size_t inner : {1, 3, 300}) {
      const TensorLayout layout{g, 5, 133, inner, 32};
      const size_t n = layout.Count(), parameters = layout.ParameterCount();
      const std::vector<float> x = AwkwardFloats(n, 3);
      std::vector<float> scale(parameters);
      std::vector<int32_t> zero_point(parameters);
      for (size_t p = 0; p < parameters; ++p) {
        scale[p] = 0.25f + 0.125f * static_cast<float>(p % 7);
        zero_point[p] = static_cast<int32_t>(p % 16) - 8;
      }
      std::vector<uint8_t> codes(n);
      std::vector<float> real(n);
      for (size_t i = 0; i < n; ++i) {
        const Segment s = SegmentAt(layout, i, i + 1);
        const AffineParams params{scale[s.parameter], zero_point[s.parameter]};
        codes[i] = OracleQuantize(x[i], params, {-8, 7});
        real[i] = OracleDequantize(codes[i], true, params);
      }
      std::vector<uint8_t> nibbles((n + 1) / 2);
      for (size_t i = 0; i < n; ++i) {
        nibbles[i / 2] = static_cast<uint8_t>(nibbles[i / 2] | (codes[i] & 15) << (i % 2 * 4));
      }
      for (unsigned t : {1u, 3u}) {
        ThreadPool::Process().SetThreads(t);
        const QuantizedTensor bytes{layout, scale.data(), zero_point.data(), CodeStorage::kBytes, true};
        const QuantizedTensor packed{layout, scale.data(), zero_point.data(), CodeStorage::kNibbles, true};
        std::vector<uint8_t> out(n), out_packed((n + 1) / 2);
        std::vector<float> back(n), back_packed(n);
        CHECK(QuantizeTensor(x.data(), bytes, {-8, 7}, out.data(), nullptr));
        CHECK(QuantizeTensor(x.data(), packed, {-8, 7}, out_packed.data(), nullptr));
        CHECK(DequantizeTensor(out.data(), bytes, back.data(), nullptr));
        CHECK(DequantizeTensor(out_packed.data(), packed, back_packed.data(), nullptr));
        CHECK(SameBits(out, codes));
        CHECK(SameBits(out_packed, nibbles));
        CHECK(SameBits(back, real));
        CHECK(SameBits(back_packed, real));
      }
    }
  }
  ThreadPool::Process().SetThreads(threads);
}

TEST_CASE("a set abort flag stops QuantizeTensor") {
  const std::atomic<int32_t> abort{1};
  const float x = 1, scale = 1;
  const int32_t zero_point = 0;
  uint8_t q = 99;
  const QuantizedTensor tensor{{Granularity::kPerTensor, 1, 1, 1, 1}, &scale, &zero_point, CodeStorage::kBytes, true};
  CHECK_FALSE(QuantizeTensor(&x, tensor, {-128, 127}, &q, &abort));
  CHECK(q == 99);
}
