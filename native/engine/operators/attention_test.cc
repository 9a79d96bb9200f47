#include <doctest/doctest.h>

#include <cmath>

#include "testing/cases.h"
#include "testing/run_operator.h"

using namespace gossamer;

namespace {

const std::vector<DataType> kFloat = {DataType::kFloat32};

int64_t Size(size_t size) { return static_cast<int64_t>(size); }

// [batch, heads, positions, depth] in either layout.
struct Heads {
  size_t batch, heads, positions, depth;
  std::vector<float> values;  // bhsd

  Heads(size_t batch, size_t heads, size_t positions, size_t depth, unsigned seed)
      : batch(batch), heads(heads), positions(positions), depth(depth),
        values(NormalFloats(batch * heads * positions * depth, seed)) {}
  float At(size_t b, size_t h, size_t s, size_t d) const {
    return values[((b * heads + h) * positions + s) * depth + d];
  }
  Value In(const char* layout, bool merged) const {
    if (std::strcmp(layout, "bhsd") == 0) {
      return Value({Size(batch), Size(heads), Size(positions), Size(depth)}, values);
    }
    std::vector<float> moved;
    for (size_t b = 0; b < batch; ++b) {
      for (size_t s = 0; s < positions; ++s) {
        for (size_t h = 0; h < heads; ++h) {
          for (size_t d = 0; d < depth; ++d) moved.push_back(At(b, h, s, d));
        }
      }
    }
    if (merged) return Value({Size(batch), Size(positions), Size(heads * depth)}, moved);
    return Value({Size(batch), Size(positions), Size(heads), Size(depth)}, moved);
  }
};

// y[b, h, i, d] in float64; visible: keys up to i + visible.
double Expected(const Heads& q, const Heads& k, const Heads& v, size_t b, size_t h, size_t i, size_t d, double scale,
                int64_t visible, const std::function<double(size_t)>& mask) {
  const size_t group = h / (q.heads / k.heads);
  double sum = 0, y = 0;
  for (size_t j = 0; j < k.positions && Size(j) <= Size(i) + visible; ++j) {
    double dot = 0;
    for (size_t c = 0; c < q.depth; ++c) dot += static_cast<double>(q.At(b, h, i, c)) * k.At(b, group, j, c);
    const double p = std::exp(dot * scale + mask(j));
    sum += p;
    y += p * v.At(b, group, j, d);
  }
  return y / sum;
}

}  // namespace

TEST_CASE("Attention4D: layouts, shared heads, causal, masks of any broadcast") {
  const Heads q(2, 4, 130, 24, 1), k(2, 2, 150, 24, 2), v(2, 2, 150, 40, 3);
  const std::vector<Dims> masks = {Dims{150}, Dims{130, 1}, Dims{2, 1, 1, 150}, Dims{4, 130, 150},
                                   Dims{1, 1, 130, 150}};
  for (const char* layout : {"bhsd", "bshd"}) {
    for (bool merged : {false, true}) {
      for (int causal : {0, 1}) {
        for (size_t kind = 0; kind <= masks.size(); ++kind) {
          const bool masked = kind < masks.size();
          const Dims mask_dims = masked ? masks[kind] : Dims{1};
          const std::vector<float> mask = NormalFloats(mask_dims.Count(), 4);
          std::vector<Argument> arguments = {q.In(layout, merged), k.In(layout, merged), v.In(layout, merged)};
          if (masked) arguments.push_back(Value(mask_dims, mask));
          const Attributes attributes =
              MakeAttributes({{"q_layout", layout}, {"k_layout", layout}, {"v_layout", layout}, {"y_layout", layout},
                              {"heads", 4}, {"kv_heads", 2}, {"causal", causal}});
          const Value y = RunOperator("Attention4D", attributes, arguments, kFloat)[0];
          const bool first = std::strcmp(layout, "bshd") == 0;
          CHECK(y.dims == (first ? merged ? Dims{2, 130, 160} : Dims{2, 130, 4, 40} : Dims{2, 4, 130, 40}));
          const std::vector<float> values = y.To<float>();
          for (size_t at = 0; at < 2 * 4 * 130 * 40; at += 97) {
            const size_t b = at / (4 * 130 * 40), h = at / (130 * 40) % 4, i = at / 40 % 130, d = at % 40;
            const auto added = [&](size_t j) {
              if (!masked) return 0.0;
              const size_t index[] = {b, h, i, j};
              size_t place = 0;
              for (size_t a = 0; a < mask_dims.Rank(); ++a) {
                const size_t coordinate = mask_dims[a] == 1 ? 0 : index[a + 4 - mask_dims.Rank()];
                place = place * static_cast<size_t>(mask_dims[a]) + coordinate;
              }
              return static_cast<double>(mask[place]);
            };
            const double expected =
                Expected(q, k, v, b, h, i, d, 1 / std::sqrt(24.0), causal == 1 ? 20 : 150, added);
            const float actual = values[first ? ((b * 130 + i) * 4 + h) * 40 + d : at];
            // Scores below 20 are off by 26 roundings at most, sums of 150 weights and values up to 5 by 190.
            REQUIRE(std::fabs(actual - expected) <= 5 * (4 * 26 * 20 + 2 * 190) * 0x1p-24);
          }
        }
      }
    }
  }
}

TEST_CASE("Attention4D: scale and causal_offset, one query") {
  const Heads q(1, 2, 1, 8, 1), k(1, 2, 9, 8, 2), v(1, 2, 9, 8, 3);
  const std::vector<Argument> arguments = {q.In("bhsd", false), k.In("bhsd", false), v.In("bhsd", false)};
  const Attributes attributes = MakeAttributes({{"scale", 0.5}, {"causal", 1}, {"causal_offset", 3}});
  const std::vector<float> y = RunOperator("Attention4D", attributes, arguments, kFloat)[0].To<float>();
  for (size_t at = 0; at < 16; ++at) {
    const double expected = Expected(q, k, v, 0, at / 8, 0, at % 8, 0.5, 3, [](size_t) { return 0.0; });
    CHECK(y[at] == doctest::Approx(expected).epsilon(1e-5));
  }
}

TEST_CASE("Attention4D refuses what does not fit, and gives nothing for nothing") {
  const auto refuses = [](Attributes attributes, const std::vector<Argument>& arguments) {
    CHECK_THROWS_AS(RunOperator("Attention4D", std::move(attributes), arguments, kFloat), EngineError);
  };
  const auto heads = [](size_t b, size_t h, size_t s, size_t d) { return Heads(b, h, s, d, 1).In("bhsd", false); };
  refuses({}, {heads(1, 2, 3, 4), heads(1, 2, 3, 5), heads(1, 2, 3, 4)});
  refuses({}, {heads(1, 2, 3, 4), heads(1, 2, 3, 4), heads(1, 2, 4, 4)});
  refuses({}, {heads(1, 3, 3, 4), heads(1, 2, 3, 4), heads(1, 2, 3, 4)});
  refuses({}, {heads(2, 2, 3, 4), heads(1, 2, 3, 4), heads(1, 2, 3, 4)});
  refuses({}, {heads(1, 2, 3, 4), heads(1, 2, 3, 4), heads(1, 2, 3, 4), Value({2, 3}, NormalFloats(6, 1))});
  refuses({}, {Value({3, 4}, NormalFloats(12, 1)), heads(1, 2, 3, 4), heads(1, 2, 3, 4)});
  refuses(MakeAttributes({{"q_layout", "sbhd"}}), {heads(1, 2, 3, 4), heads(1, 2, 3, 4), heads(1, 2, 3, 4)});
  const Value merged({1, 3, 8}, NormalFloats(24, 1));
  refuses(MakeAttributes({{"q_layout", "bshd"}, {"k_layout", "bshd"}, {"v_layout", "bshd"}, {"heads", 3}}),
          {merged, merged, merged});
  const std::vector<Argument> empty = {heads(1, 2, 0, 4), heads(1, 2, 3, 4), heads(1, 2, 3, 5)};
  const Value none = RunOperator("Attention4D", {}, empty, kFloat)[0];
  CHECK(none.dims == Dims{1, 2, 0, 5});
}
