#include "kernels/attention_f32/attention_f32.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "testing/cases.h"
#include "testing/guarded.h"

using namespace gossamer;

namespace {

struct Scratch {
  alignas(64) char data[kAttentionScratchBytes];
};

struct Case {
  size_t queries, keys, depth, value_depth;
  bool causal, mask;
};

// Arrays of a case, rows some elements apart, each ending or beginning at a page that may not be touched.
struct Arrays {
  Case c;
  std::vector<float> q, k, v, mask;
  size_t q_stride, k_stride, v_stride, y_stride;

  explicit Arrays(const Case& c, unsigned seed)
      : c(c), q_stride(c.depth + 3), k_stride(c.depth + 1), v_stride(c.value_depth + 2), y_stride(c.value_depth + 5) {
    const auto rows = [](size_t count, size_t stride, size_t width) { return (count - 1) * stride + width; };
    q = NormalFloats(rows(c.queries, q_stride, c.depth), seed);
    k = NormalFloats(rows(c.keys, k_stride, c.depth), seed + 1);
    v = NormalFloats(rows(c.keys, v_stride, c.value_depth), seed + 2);
    if (c.mask) mask = NormalFloats(c.queries * c.keys, seed + 3, 3);
  }
  int64_t Visible() const {
    return c.causal ? static_cast<int64_t>(c.keys) - static_cast<int64_t>(c.queries) : static_cast<int64_t>(c.keys);
  }
  std::vector<float> Run(AttentionF32Fn& fn, Edge edge, size_t rows = kAttentionRows) const {
    Scratch scratch;
    Guarded<float> gq(q, edge), gk(k, edge), gv(v, edge), gm(mask, edge);
    Guarded<float> y(std::vector<float>((c.queries - 1) * y_stride + c.value_depth, -7.0f), edge);
    const AttentionHead head{gq.data(),   gk.data(), gv.data(),     y.data(), q_stride,
                             k_stride,    v_stride,  y_stride,      c.keys,   c.depth,
                             c.value_depth, c.mask ? gm.data() : nullptr, c.keys, 1, 0.3f, Visible()};
    for (size_t first = 0; first < c.queries; first += rows) {
      fn(head, first, std::min(rows, c.queries - first), scratch.data);
    }
    return y.Copy();
  }
};

bool Same(const std::vector<float>& a, const std::vector<float>& b) {
  for (size_t i = 0; i < a.size(); ++i) {
    if (!(std::isnan(a[i]) && std::isnan(b[i])) && std::memcmp(&a[i], &b[i], sizeof(float)) != 0) return false;
  }
  return a.size() == b.size();
}

}  // namespace

TEST_CASE("AttentionF32: the definition against float64, every variant against the definition") {
  unsigned seed = 0;
  for (const Case& c : {Case{1, 1, 1, 1, false, false}, {1, 200, 64, 64, false, true}, {7, 64, 16, 80, true, false},
                        {13, 65, 33, 17, true, true}, {100, 130, 64, 65, true, false}, {97, 63, 300, 8, false, true},
                        {20, 7, 40, 100, false, false}, {5, 150, 129, 3, true, true}, {30, 10, 8, 8, true, true},
                        {262, 300, 20, 33, true, true}}) {
    const Arrays arrays(c, seed += 10);
    const std::vector<float> y = arrays.Run(AttentionF32Scalar, Edge::kBack);
    for (size_t i = 0; i < c.queries; ++i) {
      std::vector<double> s(c.keys, -std::numeric_limits<double>::infinity());
      double largest = s.empty() ? 0 : s[0], error = 0;
      for (size_t j = 0; j < c.keys; ++j) {
        if (static_cast<int64_t>(j) > static_cast<int64_t>(i) + arrays.Visible()) continue;
        double dot = 0, size = 0;
        for (size_t d = 0; d < c.depth; ++d) {
          const double q = arrays.q[i * arrays.q_stride + d], term = q * arrays.k[j * arrays.k_stride + d];
          dot += term;
          size += std::fabs(term);
        }
        const double added = c.mask ? arrays.mask[i * c.keys + j] : 0;
        s[j] = dot * 0.3f + added;
        largest = std::max(largest, s[j]);
        error = std::max(error, (0.3 * size * static_cast<double>(c.depth + 2) + 3 * std::fabs(s[j])) * 0x1p-24);
      }
      double sum = 0;
      std::vector<double> values(c.value_depth), sizes(c.value_depth);
      for (size_t j = 0; j < c.keys; ++j) {
        const double p = std::exp(s[j] - largest);
        sum += p;
        for (size_t d = 0; d < c.value_depth; ++d) {
          values[d] += p * arrays.v[j * arrays.v_stride + d];
          sizes[d] += p * std::fabs(arrays.v[j * arrays.v_stride + d]);
        }
      }
      for (size_t d = 0; d < c.value_depth; ++d) {
        const float actual = y[i * arrays.y_stride + d];
        if (static_cast<int64_t>(i) + arrays.Visible() < 0) {
          REQUIRE(std::isnan(actual));
          continue;
        }
        // Scores are off by `error`, with the roundings of their differences to the largest and of those times log2(e),
        // above and below the line; an exponential, the corrections of each block, and the sums by a few units more.
        const double relative = 4 * error + static_cast<double>(2 * c.keys + 40) * 0x1p-24;
        REQUIRE(std::fabs(actual - values[d] / sum) <= relative * sizes[d] / sum + 1e-30);
      }
    }
    for (const auto& variant : Runnable(AttentionF32Variants())) {
      CAPTURE(std::string(IsaName(variant.isa)));
      CAPTURE(c.queries);
      for (Edge edge : {Edge::kFront, Edge::kBack}) REQUIRE(Same(arrays.Run(*variant.fn, edge), y));
      REQUIRE(Same(arrays.Run(*variant.fn, Edge::kBack, 37), y));  // however the queries are split
    }
  }
}

TEST_CASE("AttentionF32: keys that the mask rules out count for nothing, even a whole block of them") {
  const float nothing = -std::numeric_limits<float>::infinity();
  const size_t keys = 200, depth = 8;
  Scratch scratch;
  const std::vector<float> q = NormalFloats(depth, 1), k = NormalFloats(keys * depth, 2);
  const std::vector<float> v = NormalFloats(keys * depth, 3);
  for (const auto& variant : Runnable(AttentionF32Variants())) {
    std::vector<float> mask(keys, nothing), y(depth), expected(depth);
    mask[150] = 0;
    AttentionHead head{q.data(), k.data(), v.data(), y.data(), depth, depth, depth, depth,
                       keys,     depth,    depth,    mask.data(), keys, 1, 1.0f, static_cast<int64_t>(keys)};
    variant.fn(head, 0, 1, scratch.data);
    CHECK(y == std::vector<float>(v.begin() + 150 * depth, v.begin() + 151 * depth));
    mask[150] = nothing;
    variant.fn(head, 0, 1, scratch.data);
    CHECK(std::isnan(y[0]));
    head.mask_step = 0;  // one number for all keys changes nothing
    mask[0] = 2;
    variant.fn(head, 0, 1, scratch.data);
    head.mask = nullptr;
    head.y = expected.data();
    variant.fn(head, 0, 1, scratch.data);
    for (size_t d = 0; d < depth; ++d) CHECK(y[d] == doctest::Approx(expected[d]).epsilon(1e-5));
    head.keys = 0;
    variant.fn(head, 0, 1, scratch.data);
    CHECK(std::isnan(expected[depth - 1]));
  }
}
