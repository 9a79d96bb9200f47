#include "linalg/gram.h"

#include <doctest/doctest.h>

#include <cmath>

#include "testing/cases.h"
#include "testing/guarded.h"

using namespace gossamer;

TEST_CASE("AddGram is close to sums in float64, in the memory that it is given") {
  for (size_t columns : {0, 1, 7, 16, 65, 191, 193, 400, 800}) {
    for (size_t count : {0, 1, 255, 257, 700}) {
      for (bool is_cross : {false, true}) {
        if (columns == 800 && (count != 257 || is_cross)) continue;
        CAPTURE(columns);
        CAPTURE(count);
        const unsigned seed = static_cast<unsigned>(columns + count);
        Guarded<float> x(NormalFloats(count * columns, seed), Edge::kBack);
        Guarded<float> y(NormalFloats(is_cross ? count * columns : 0, seed + 1), Edge::kBack);
        Guarded<double> sums(std::vector<double>(columns * columns, 3), Edge::kBack);
        REQUIRE(AddGram(x.data(), is_cross ? y.data() : nullptr, count, columns, sums.data(), nullptr));
        const float* right = is_cross ? y.data() : x.data();
        bool is_close = true, is_kept = true;
        for (size_t i = 0; i < columns; ++i) {
          for (size_t j = 0; j < columns; ++j) {
            const double received = sums.data()[i * columns + j];
            if (j < i && !is_cross) {
              is_kept = is_kept && received == 3;
              continue;
            }
            double sum = 3, magnitude = 0;
            for (size_t v = 0; v < count; ++v) {
              const double product = static_cast<double>(x.data()[v * columns + i]) * right[v * columns + j];
              sum += product;
              magnitude += std::fabs(product);
            }
            // gram.h; what float64 adds to it is far below the spare half.
            is_close = is_close && std::fabs(received - sum) <= 0x1p-16 * magnitude + 1e-13;
          }
        }
        CHECK(is_close);
        CHECK(is_kept);
      }
    }
  }
}

TEST_CASE("AddGram has the same bits at every number of threads, and stops when told to") {
  const unsigned threads = ThreadPool::Process().Threads();
  for (size_t columns : {40, 600}) {
    const size_t count = 3000;
    const std::vector<float> x = NormalFloats(count * columns, 5);
    std::vector<double> one(columns * columns), four = one;
    ThreadPool::Process().SetThreads(1);
    REQUIRE(AddGram(x.data(), nullptr, count, columns, one.data(), nullptr));
    ThreadPool::Process().SetThreads(4);
    REQUIRE(AddGram(x.data(), nullptr, count, columns, four.data(), nullptr));
    CHECK(SameBits(one, four));
    const std::atomic<int32_t> abort{1};
    CHECK_FALSE(AddGram(x.data(), nullptr, count, columns, four.data(), &abort));
  }
  ThreadPool::Process().SetThreads(threads);
}
