#include "engine/memory.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <cstring>
#include <random>

using namespace gossamer;

namespace {

// A made-up program: slot i is taken at step i with a size that depends on the key, may take over the buffer of a slot
// that ends there, and is freed at last[i].
struct Script {
  std::vector<size_t> last;
  std::vector<size_t> giver;  // or none
  static constexpr size_t kNone = static_cast<size_t>(-1);

  explicit Script(std::mt19937& random) {
    const size_t slots = 2 + random() % 30;
    last.resize(slots);
    giver.assign(slots, kNone);
    std::vector<bool> is_given(slots, false);
    for (size_t i = 0; i < slots; ++i) last[i] = random() % 5 == 0 ? kNone : i + random() % 6;
    for (size_t i = 1; i < slots; ++i) {
      const size_t candidate = random() % i;
      if (random() % 2 == 0 && last[candidate] == i && !is_given[candidate]) {
        giver[i] = candidate;
        is_given[candidate] = true;
      }
    }
  }
};

size_t SizeOf(size_t slot, const std::vector<int64_t>& key, size_t noise) {
  return (slot * 977 + 13) % 700 * static_cast<size_t>(key[0]) + noise;
}

// One run in which every live buffer keeps its own pattern.
void RunScript(Memory& memory, const Script& script, const std::vector<int64_t>& key, std::mt19937& random, bool noisy) {
  const size_t slots = script.last.size();
  std::vector<uint8_t*> data(slots, nullptr);
  std::vector<size_t> bytes(slots);
  const auto intact = [&](size_t slot) {
    for (size_t i = 0; i < bytes[slot]; ++i) {
      if (data[slot][i] != static_cast<uint8_t>(slot * 31 + i)) return false;
    }
    return true;
  };
  memory.Begin(key, slots);
  for (size_t step = 0; step < slots; ++step) {
    bytes[step] = SizeOf(step, key, noisy ? random() % 5000 : 0);
    const size_t giver = script.giver[step];
    const bool passes = giver != Script::kNone && bytes[giver] >= bytes[step] && memory.MayPass(giver, step);
    if (passes) {
      REQUIRE(intact(giver));
      memory.Pass(giver, step);
      data[step] = data[giver];
      data[giver] = nullptr;
    } else {
      data[step] = static_cast<uint8_t*>(memory.Take(step, bytes[step], step));
    }
    REQUIRE(reinterpret_cast<uintptr_t>(data[step]) % kBufferAlignment == 0);
    for (size_t i = 0; i < bytes[step]; ++i) data[step][i] = static_cast<uint8_t>(step * 31 + i);
    for (size_t slot = 0; slot <= step; ++slot) {
      if (data[slot] != nullptr) REQUIRE(intact(slot));
      if (script.last[slot] != step) continue;
      memory.Free(slot, step);
      data[slot] = nullptr;
    }
  }
  memory.End(true);
  for (size_t slot = 0; slot < slots; ++slot) {
    if (data[slot] != nullptr && script.last[slot] == Script::kNone) REQUIRE(intact(slot));
  }
}

}  // namespace

TEST_CASE("buffers that live at the same time never overlap, whatever sizes come in whatever order") {
  std::mt19937 random(7);
  for (int trial = 0; trial < 200; ++trial) {
    const Script script(random);
    Memory memory;
    for (int run = 0; run < 12; ++run) {
      RunScript(memory, script, {static_cast<int64_t>(1 + random() % 3)}, random, trial % 3 == 0);
    }
  }
}

TEST_CASE("from the third run with the same sizes on the memory stays what it is, and is no more than the blocks were") {
  std::mt19937 random(3);
  for (int trial = 0; trial < 20; ++trial) {
    const Script script(random);
    Memory memory;
    RunScript(memory, script, {2}, random, false);
    const size_t first = memory.Bytes();
    RunScript(memory, script, {2}, random, false);
    RunScript(memory, script, {2}, random, false);
    const size_t laid_out = memory.Bytes();
    CHECK(laid_out <= first);
    for (int run = 0; run < 5; ++run) RunScript(memory, script, {2}, random, false);
    CHECK(memory.Bytes() == laid_out);
  }
}

TEST_CASE("a run that was stopped leaves memory that works") {
  Memory memory;
  for (int run = 0; run < 6; ++run) {
    memory.Begin({1}, 2);
    std::memset(memory.Take(0, 1000, 0), 1, 1000);
    if (run % 2 == 0) {
      memory.End(false);
      continue;
    }
    std::memset(memory.Take(1, 500, 1), 2, 500);
    memory.Free(0, 1);
    memory.End(true);
  }
  CHECK(memory.Bytes() < 4000);
}
