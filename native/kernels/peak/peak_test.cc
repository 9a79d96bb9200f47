#include "kernels/peak/peak.h"

#include <doctest/doctest.h>

#include "kernels/peak/loops.h"
#include "testing/cases.h"
#include "testing/guarded.h"

using namespace gossamer;

TEST_CASE("PeakInt8: every variant adds every product of every round") {
  const uint8_t as[][4] = {{1, 2, 3, 4}, {127, 127, 127, 127}, {0, 0, 0, 1}, {127, 0, 90, 3}};
  const int8_t bs[][4] = {{1, -1, 2, 1}, {127, 127, 127, 127}, {-128, -128, -128, -128}, {-7, 100, -128, 127}};
  for (const auto& variant : Runnable(PeakInt8Variants())) {
    CAPTURE(std::string(IsaName(variant.isa)));
    for (const auto& a : as) {
      for (const auto& b : bs) {
        for (size_t rounds : {size_t{0}, size_t{1}, size_t{2}, size_t{1001}, kPeakRounds}) {
          const int64_t dot = a[0] * b[0] + a[1] * b[1] + a[2] * b[2] + a[3] * b[3];
          const auto found = variant.fn(rounds, a, b);
          CHECK(found.lane == static_cast<int64_t>(rounds) * dot);
          CHECK(found.operations % 8 == 0);
          CHECK((found.operations > 0) == (rounds > 0));
        }
      }
    }
  }
}

TEST_CASE("PeakFloat: every variant equals the definition, which equals a sum in double where that is exact") {
  for (const auto& variant : Runnable(PeakFloatVariants())) {
    CAPTURE(std::string(IsaName(variant.isa)));
    for (size_t rounds : {size_t{0}, size_t{1}, size_t{3}, size_t{1000}, kPeakRounds}) {
      CHECK(variant.fn(rounds, 3.0f, 0.5f).lane == static_cast<float>(static_cast<double>(rounds) * 1.5));
      CHECK(variant.fn(rounds, 0.1f, 0.3f).lane == PeakFloatScalar(rounds, 0.1f, 0.3f).lane);
    }
  }
}

TEST_CASE("PeakBf16: every variant adds two products a round") {
  for (const auto& variant : Runnable(PeakBf16Variants())) {
    CAPTURE(std::string(IsaName(variant.isa)));
    for (size_t rounds : {size_t{0}, size_t{1}, size_t{1000}, kPeakRounds}) {
      const auto found = variant.fn(rounds, 3.0f, 0.5f);
      CHECK(found.lane == static_cast<float>(static_cast<double>(rounds) * 3));
      CHECK((found.operations > 0) == (rounds > 0));
    }
    // What bfloat16 cannot hold is cut off: 1 + 2^-9 becomes 1.
    CHECK(variant.fn(4, 1.001953125f, 1.0f).lane == 8.0f);
  }
}

TEST_CASE("ReadBytes: every variant folds each byte into its place, and reads no other") {
  for (const auto& variant : Runnable(ReadBytesVariants())) {
    CAPTURE(std::string(IsaName(variant.isa)));
    for (size_t n : {size_t{0}, size_t{1}, size_t{7}, size_t{8}, size_t{63}, size_t{255}, size_t{256}, size_t{511},
                     size_t{512}, size_t{513}, size_t{3001}}) {
      std::mt19937 random(static_cast<unsigned>(n));
      std::vector<uint8_t> x(n);
      uint8_t expected[8] = {};
      for (size_t i = 0; i < n; ++i) expected[i % 8] ^= x[i] = static_cast<uint8_t>(random());
      uint64_t word = 0;
      for (int i = 7; i >= 0; --i) word = word << 8 | expected[i];
      for (Edge edge : {Edge::kFront, Edge::kBack}) {
        Guarded<uint8_t> in(x, edge);
        REQUIRE(variant.fn(in.data(), n) == word);
      }
    }
  }
}

TEST_CASE("loops do the same work on any number of threads, stop when told, and know what is missing") {
  const unsigned threads = ThreadPool::Process().Threads();
  std::vector<uint8_t> x(100001, 3);
  for (unsigned t : {1u, 3u}) {
    ThreadPool::Process().SetThreads(t);
    LoopWork found{};
    for (PeakLoop loop : {PeakLoop::kInt8, PeakLoop::kFloat, PeakLoop::kBf16}) {
      CHECK(RunPeakLoop(loop, Isa::kScalar, 2 * kPeakRounds + 5, 3, &found, nullptr));
      const double per_round = loop == PeakLoop::kInt8 ? 32 : loop == PeakLoop::kFloat ? 8 : 16;
      CHECK(found.work == 3 * (2 * kPeakRounds + 5) * per_round);
    }
    CHECK(RunReadLoop(x.data(), x.size(), Isa::kScalar, 4, 7, &found, nullptr));
    CHECK(found.work == 4 * 100001);
    CHECK(RunPeakLoop(PeakLoop::kFloat, Isa::kAvxVnni, 10, 1, &found, nullptr));
    CHECK(found.work == 0);
    std::atomic<int32_t> stop{1};
    CHECK_FALSE(RunPeakLoop(PeakLoop::kInt8, Isa::kScalar, 10, 2, &found, &stop));
    CHECK_FALSE(RunReadLoop(x.data(), x.size(), Isa::kScalar, 10, 2, &found, &stop));
  }
  ThreadPool::Process().SetThreads(threads);
}
