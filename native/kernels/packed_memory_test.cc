#include "kernels/packed_memory.h"

#include <doctest/doctest.h>

#include <cstring>
#include <limits>
#include <new>
#include <thread>
#include <vector>

using namespace gossamer;

namespace {

TEST_CASE("packed memory: parts follow one another, aligned, and do not overlap") {
  const PackedMemory first = NewPackedMemory(100), second = NewPackedMemory(1), third = NewPackedMemory(0);
  for (const PackedMemory& part : {first, second, third}) {
    CHECK(reinterpret_cast<uintptr_t>(part.get()) % 64 == 0);
  }
  CHECK(second.get() == first.get() + 128);
  CHECK(third.get() == second.get() + 64);
}

TEST_CASE("packed memory: a part outlives the others of its block") {
  PackedMemory kept;
  {
    std::vector<PackedMemory> parts;
    for (size_t i = 0; i < 40; ++i) {
      parts.push_back(NewPackedMemory(1 << 20));  // several blocks
      std::memset(parts.back().get(), static_cast<int>(i), 1 << 20);
    }
    for (size_t i = 0; i < parts.size(); ++i) {
      CHECK(parts[i].get()[0] == static_cast<int8_t>(i));
      CHECK(parts[i].get()[(1 << 20) - 1] == static_cast<int8_t>(i));
    }
    kept = parts[7];
  }
  CHECK(kept.get()[(1 << 20) - 1] == 7);
}

TEST_CASE("packed memory: more than a block holds") {
  const size_t bytes = (size_t{16} << 20) + 5;
  const PackedMemory part = NewPackedMemory(bytes);
  part.get()[bytes - 1] = 3;
  CHECK(part.get()[bytes - 1] == 3);
  CHECK_THROWS_AS(NewPackedMemory(std::numeric_limits<size_t>::max() - 3), std::bad_alloc);
}

TEST_CASE("packed memory: threads get parts of their own") {
  std::vector<std::thread> threads;
  std::vector<std::vector<PackedMemory>> parts(4);
  for (size_t t = 0; t < parts.size(); ++t) {
    threads.emplace_back([&, t] {
      for (size_t i = 0; i < 200; ++i) {
        parts[t].push_back(NewPackedMemory(64 + i));
        std::memset(parts[t].back().get(), static_cast<int>(t), 64 + i);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  size_t wrong = 0;
  for (size_t t = 0; t < parts.size(); ++t) {
    for (size_t i = 0; i < parts[t].size(); ++i) {
      for (size_t at = 0; at < 64 + i; ++at) wrong += parts[t][i].get()[at] == static_cast<int8_t>(t) ? 0 : 1;
    }
  }
  CHECK(wrong == 0);
}

}  // namespace
