#include "kernels/blend_rows/blend_rows.h"

#include <doctest/doctest.h>

#include <memory>

#include "testing/cases.h"
#include "testing/guarded.h"

using namespace gossamer;

TEST_CASE("BlendRows: every variant equals the oracle, awkward lengths at the edge of memory") {
  for (size_t count : AwkwardLengths()) {
    for (size_t taps : {0, 1, 2, 3, 4, 7}) {
      const std::vector<float> weights = NormalFloats(taps, 5);
      std::vector<std::vector<float>> values;
      for (size_t t = 0; t < taps; ++t) values.push_back(NormalFloats(count, static_cast<unsigned>(count + t)));
      std::vector<float> expected(count, 0.0f);
      for (size_t t = 0; t < taps; ++t) {
        for (size_t i = 0; i < count; ++i) {
          const float product = weights[t] * values[t][i];
          expected[i] = t == 0 ? product : expected[i] + product;
        }
      }
      for (const auto& variant : Runnable(BlendRowsVariants())) {
        CAPTURE(std::string(IsaName(variant.isa)));
        for (Edge edge : {Edge::kFront, Edge::kBack}) {
          std::vector<std::unique_ptr<Guarded<float>>> rows;
          std::vector<const float*> pointers;
          for (const auto& row : values) {
            rows.push_back(std::make_unique<Guarded<float>>(row, edge));
            pointers.push_back(rows.back()->data());
          }
          Guarded<float> y(std::vector<float>(count, 7.0f), edge);
          variant.fn(pointers.data(), weights.data(), taps, count, y.data());
          REQUIRE(SameBits(y.Copy(), expected));
        }
      }
    }
  }
}
