#include "kernels/granularity.h"

#include <doctest/doctest.h>

#include <vector>

using namespace gossamer;

namespace {

// The parameter of every element, written down from the definition of each granularity.
std::vector<size_t> Expected(const TensorLayout& t) {
  std::vector<size_t> parameters;
  const size_t blocks = (t.axis + t.block_size - 1) / t.block_size;
  for (size_t o = 0; o < t.outer; ++o) {
    for (size_t a = 0; a < t.axis; ++a) {
      for (size_t i = 0; i < t.inner; ++i) {
        if (t.granularity == Granularity::kPerTensor) parameters.push_back(0);
        if (t.granularity == Granularity::kPerAxis) parameters.push_back(a);
        if (t.granularity == Granularity::kPerBlock)
          parameters.push_back((o * blocks + a / t.block_size) * t.inner + i);
      }
    }
  }
  return parameters;
}

}  // namespace

TEST_CASE("segments cover every element once, with its parameter, from any start") {
  for (Granularity g : {Granularity::kPerTensor, Granularity::kPerAxis, Granularity::kPerBlock}) {
    for (size_t inner : {1, 2, 5}) {
      for (size_t block_size : {1, 2, 3, 7, 100}) {
        const TensorLayout layout{g, 3, 7, inner, block_size};
        const std::vector<size_t> expected = Expected(layout);
        CHECK(layout.Count() == expected.size());
        for (size_t begin = 0; begin < expected.size(); ++begin) {
          std::vector<size_t> actual;
          size_t at = begin;
          while (at < expected.size()) {
            const Segment s = SegmentAt(layout, at, expected.size());
            REQUIRE(s.offset == at);
            REQUIRE(s.count > 0);
            for (size_t i = 0; i < s.count; ++i) actual.push_back(s.parameter + (s.each ? i : 0));
            at += s.count;
          }
          REQUIRE(at == expected.size());
          REQUIRE(actual == std::vector<size_t>(expected.begin() + static_cast<std::ptrdiff_t>(begin), expected.end()));
        }
        for (size_t p : expected) REQUIRE(p < layout.ParameterCount());
      }
    }
  }
}
