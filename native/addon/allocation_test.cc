// Every allocation of every operation fails in turn: the call ends in std::bad_alloc or in the right result, gives back
// all it took, and the pool goes on working.
#include <doctest/doctest.h>

#include <new>

#include "fuzz/operation_calls.h"
#include "testing/failing_new.h"

using namespace gossamer;

namespace {

bool PoolWorks() {
  std::atomic<int> ran{0};
  const bool done = ThreadPool::Process().ParallelFor(20, nullptr, [&](size_t) { ++ran; });
  return done && ran == 20;
}

enum class Ended { kDone, kNoMemory };

Ended Run(const OperationCall& operation, FakeCall& call, int64_t fails_at, int64_t* asked) {
  FailAllocation(fails_at);
  Ended ended = Ended::kDone;
  try {
    const Napi::CallbackInfo info(FakeEnv(), call.Info());
    Arguments args(info, 0);
    if (!operation.prepare(args)(nullptr)) ended = Ended::kNoMemory;
  } catch (const std::bad_alloc&) {
    ended = Ended::kNoMemory;
  }
  *asked = StopFailing();
  return ended;
}

// One call, made again and again; `is_cold`: the pool has no threads before each. Adds how many allocations failed.
void FailEach(const OperationCall& operation, uint8_t seed, bool is_cold, int* failed) {
  CAPTURE(std::string(operation.name));
  CAPTURE(is_cold);
  const uint8_t bytes[] = {seed, 255, seed};
  Input input(bytes, sizeof bytes);
  CallBuilder builder(input);
  operation.build(builder, input);
  FakeCall call = builder.Call();
  int64_t asked = 0;
  const std::vector<uint8_t> initial = builder.Contents();  // which some operations change in place
  REQUIRE(Run(operation, call, 0, &asked) == Ended::kDone);
  const std::vector<uint8_t> expected = builder.Contents();
  // A thread of the pool may still be about to free what it started with.
  ThreadPool::Process().Shutdown();
  REQUIRE(PoolWorks());
  const int64_t calm = asked + 50;  // more than any run asks for, whatever the pool has to make anew
  for (int64_t at = 1; at <= calm; ++at) {
    if (is_cold) ThreadPool::Process().Shutdown();
    builder.Restore(initial);
    const int64_t before = LiveBlocks();
    const Ended ended = Run(operation, call, at, &asked);
    if (!is_cold) REQUIRE(LiveBlocks() == before);
    if (asked >= at) ++*failed;
    if (ended == Ended::kDone) REQUIRE(SameBits(builder.Contents(), expected));
    REQUIRE(PoolWorks());
    if (asked < at) break;
  }
  CHECK(asked < calm);
}

}  // namespace

TEST_CASE("an allocation that fails in any operation is an error or is made up for") {
  const unsigned threads = ThreadPool::Process().Threads();
  ThreadPool::Process().SetThreads(3);
  int failed = 0;
  for (const OperationCall& operation : OperationCalls()) {
    for (uint8_t seed = 1; seed <= 6; ++seed) {
      FailEach(operation, seed, false, &failed);
      FailEach(operation, seed, true, &failed);
    }
  }
  CHECK(failed > 200);
  MESSAGE("allocations that failed: ", failed);
  ThreadPool::Process().SetThreads(threads);
}

TEST_CASE("a task of the pool runs once or is refused, whichever allocation fails") {
  int refused = 0;
  for (int64_t at = 1; at < 20; ++at) {
    ThreadPool pool(3);
    std::atomic<int> ran{0};
    std::function<void()> task = [&] { ++ran; };
    bool taken = true;
    FailAllocation(at);
    try {
      pool.Submit(task);
    } catch (const std::bad_alloc&) {
      taken = false;
    }
    StopFailing();
    refused += taken ? 0 : 1;
    pool.Submit(task);
    pool.ParallelFor(9, nullptr, [&](size_t) { ++ran; });
    pool.Shutdown();
    CHECK(ran == (taken ? 11 : 10));
  }
  CHECK(refused > 1);
}

TEST_CASE("a loop runs every tile, however little memory there is for its helpers") {
  for (int64_t at = 1; at < 20; ++at) {
    ThreadPool pool(4);
    std::atomic<int> ran{0};
    const std::function<void(size_t)> body = [&](size_t) { ++ran; };
    FailAllocation(at);
    const bool done = pool.ParallelFor(50, nullptr, body);
    StopFailing();
    CHECK(done);
    CHECK(ran == 50);
    CHECK(pool.ParallelFor(50, nullptr, body));
    CHECK(ran == 100);
  }
}
