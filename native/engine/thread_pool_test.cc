#include "engine/thread_pool.h"

#include <doctest/doctest.h>

#include <chrono>
#include <set>
#include <stdexcept>
#include <string>

using namespace gossamer;

TEST_CASE("ParallelFor runs every tile once, whatever the number of threads") {
  for (unsigned threads : {1u, 2u, 5u}) {
    ThreadPool pool(threads);
    for (size_t tiles : {0, 1, 2, 3, 1003}) {
      std::vector<std::atomic<int>> seen(tiles);
      CHECK(pool.ParallelFor(tiles, nullptr, [&](size_t t) { ++seen[t]; }));
      for (auto& count : seen) REQUIRE(count == 1);
    }
  }
}

TEST_CASE("no more threads work on a loop than the pool has") {
  ThreadPool pool(3);
  std::mutex mutex;
  std::set<std::thread::id> ids;
  pool.ParallelFor(200, nullptr, [&](size_t) {
    std::this_thread::sleep_for(std::chrono::microseconds(200));
    std::lock_guard<std::mutex> lock(mutex);
    ids.insert(std::this_thread::get_id());
  });
  CHECK(ids.size() <= 3);
  CHECK(ids.size() >= 2);
}

TEST_CASE("the abort flag ends a loop between two tiles") {
  ThreadPool pool(2);
  std::atomic<int32_t> abort{0};
  std::atomic<int> ran{0};
  CHECK_FALSE(pool.ParallelFor(100000, &abort, [&](size_t) {
    if (++ran == 10) abort = 1;
  }));
  CHECK(ran < 100000);
  CHECK_FALSE(pool.ParallelFor(1, &abort, [&](size_t) { FAIL("ran after the abort"); }));
  CHECK_FALSE(pool.ParallelFor(0, &abort, [&](size_t) {}));
}

TEST_CASE("an exception reaches the caller and the pool lives on") {
  ThreadPool pool(4);
  CHECK_THROWS_AS(pool.ParallelFor(1000, nullptr,
                                   [](size_t t) {
                                     if (t == 50) throw std::runtime_error("tile");
                                   }),
                  std::runtime_error);
  std::atomic<int> ran{0};
  CHECK(pool.ParallelFor(10, nullptr, [&](size_t) { ++ran; }));
  CHECK(ran == 10);
}

TEST_CASE("loops nest and several callers share the pool") {
  ThreadPool pool(3);
  std::atomic<int> ran{0};
  std::vector<std::thread> callers;
  for (int c = 0; c < 4; ++c) {
    callers.emplace_back(
        [&] { pool.ParallelFor(10, nullptr, [&](size_t) { pool.ParallelFor(10, nullptr, [&](size_t) { ++ran; }); }); });
  }
  for (std::thread& caller : callers) caller.join();
  CHECK(ran == 400);
}

TEST_CASE("tasks run on another thread, also in a pool of one") {
  ThreadPool pool(1);
  std::atomic<bool> other{false}, done{false};
  const auto here = std::this_thread::get_id();
  pool.Submit([&] {
    other = std::this_thread::get_id() != here;
    pool.ParallelFor(3, nullptr, [](size_t) {});
    done = true;
  });
  pool.Shutdown();  // after the tasks it has
  CHECK(done);
  CHECK(other);
}

TEST_CASE("the number of threads changes while work is under way, and a pool starts again after a shutdown") {
  ThreadPool pool(4);
  std::atomic<int> ran{0};
  constexpr int kRounds = 200, kTasks = 5;
  for (int round = 0; round < kRounds; ++round) {
    pool.SetThreads(static_cast<unsigned>(round % 5));  // 0 is clamped to 1
    for (int t = 0; t < kTasks; ++t) pool.Submit([&] { pool.ParallelFor(3, nullptr, [&](size_t) { ++ran; }); });
    pool.ParallelFor(7, nullptr, [&](size_t) { ++ran; });
    if (round % 20 == 0) pool.Shutdown();
  }
  pool.Shutdown();
  CHECK(ran == kRounds * (3 * kTasks + 7));
  pool.SetThreads(0);
  CHECK(pool.Threads() == 1);
}
