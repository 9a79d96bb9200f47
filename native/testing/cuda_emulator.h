// Runs CUDA kernels on the host: the part of CUDA C that kernels/*/cuda.cu use. Every thread of a block is a fiber, blocks
// run one after another, __shared__ is a static. Collectives (__syncthreads, shuffles, mma) are barriers; between two of
// them fibers run in an order shuffled by a seed, so that a missing barrier shows as a wrong result, and a barrier that
// not all reach is reported. Include before the .cu file, in one source file of a program.
#pragma once
#include <ucontext.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif

namespace cuda_emulator {

struct Size {
  unsigned x = 1, y = 1, z = 1;
};

enum class Wait { kNone, kWarp, kBlock, kDone };

struct Fiber {
  ucontext_t context;
  std::unique_ptr<char[]> stack;
  Wait wait = Wait::kNone;
  Size thread;
  unsigned lane = 0, warp = 0;
  uint32_t slot[9] = {};  // what this lane shows the others of its warp
  void* fake_stack = nullptr;
};

constexpr size_t kStackBytes = 64 * 1024;
constexpr unsigned kWarp = 32;

struct Block {
  std::vector<Fiber> fibers;
  ucontext_t scheduler;
  size_t current = 0;
  Size index, block_size, grid_size;
  std::function<void()> body;
  std::string error;
  void* scheduler_fake_stack = nullptr;
  const void* scheduler_stack = nullptr;
  size_t scheduler_stack_bytes = 0;
};

inline thread_local Block* running = nullptr;

// AddressSanitizer wants to know of each change of stacks.
inline void BeforeSwitch(void** fake_stack, const void* stack, size_t bytes) {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(fake_stack, stack, bytes);
#endif
}
inline void AfterSwitch(void* fake_stack, const void** stack, size_t* bytes) {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(fake_stack, stack, bytes);
#endif
}

inline void Enter() {
  AfterSwitch(nullptr, &running->scheduler_stack, &running->scheduler_stack_bytes);
  try {
    running->body();
  } catch (const std::exception& error) {
    running->error = error.what();
  }
  Fiber& fiber = running->fibers[running->current];
  fiber.wait = Wait::kDone;
  BeforeSwitch(nullptr, running->scheduler_stack, running->scheduler_stack_bytes);
  swapcontext(&fiber.context, &running->scheduler);
}

inline void Pause(Wait wait) {
  Fiber& fiber = running->fibers[running->current];
  fiber.wait = wait;
  BeforeSwitch(&fiber.fake_stack, running->scheduler_stack, running->scheduler_stack_bytes);
  swapcontext(&fiber.context, &running->scheduler);
  AfterSwitch(fiber.fake_stack, nullptr, nullptr);
}

inline void Start(Block& block) {
  for (size_t i = 0; i < block.fibers.size(); ++i) {
    Fiber& fiber = block.fibers[i];
    if (!fiber.stack) fiber.stack.reset(new char[kStackBytes]);
    const unsigned n = static_cast<unsigned>(i);
    fiber.wait = Wait::kNone;
    fiber.thread = {n % block.block_size.x, n / block.block_size.x % block.block_size.y,
                    n / block.block_size.x / block.block_size.y};
    fiber.lane = n % kWarp;
    fiber.warp = n / kWarp;
    getcontext(&fiber.context);
    fiber.context.uc_stack.ss_sp = fiber.stack.get();
    fiber.context.uc_stack.ss_size = kStackBytes;
    fiber.context.uc_link = nullptr;
    makecontext(&fiber.context, Enter, 0);
  }
}

// Lets go on all warps that wait whole, else the block where all of it waits. Threads that have ended count as waiting.
inline void Release(Block& block) {
  bool is_released = false;
  for (size_t first = 0; first < block.fibers.size(); first += kWarp) {
    const size_t end = std::min(block.fibers.size(), first + kWarp);
    bool all = true, any = false;
    for (size_t i = first; i < end; ++i) {
      all = all && block.fibers[i].wait == Wait::kWarp;
      any = any || block.fibers[i].wait == Wait::kWarp;
    }
    if (!all || !any) continue;
    is_released = true;
    for (size_t i = first; i < end; ++i) block.fibers[i].wait = Wait::kNone;
  }
  if (is_released) return;
  size_t waiting = 0;
  for (const Fiber& fiber : block.fibers) waiting += fiber.wait == Wait::kBlock;
  if (waiting != block.fibers.size()) {
    throw std::runtime_error("divergent barrier: " + std::to_string(waiting) + " of " +
                             std::to_string(block.fibers.size()) + " threads reached it");
  }
  for (Fiber& fiber : block.fibers) fiber.wait = Wait::kNone;
}

inline void RunBlock(Block& block, std::mt19937& random) {
  running = &block;
  Start(block);
  std::vector<size_t> order(block.fibers.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  for (;;) {
    std::shuffle(order.begin(), order.end(), random);
    bool has_run = false;
    size_t done = 0;
    for (size_t i : order) {
      Fiber& fiber = block.fibers[i];
      done += fiber.wait == Wait::kDone;
      if (fiber.wait != Wait::kNone) continue;
      has_run = true;
      block.current = i;
      BeforeSwitch(&block.scheduler_fake_stack, fiber.stack.get(), kStackBytes);
      swapcontext(&block.scheduler, &fiber.context);
      AfterSwitch(block.scheduler_fake_stack, nullptr, nullptr);
      if (!block.error.empty()) throw std::runtime_error(block.error);
    }
    if (done == block.fibers.size()) return;
    if (!has_run) Release(block);
  }
}

template <class Kernel, class... Arguments>
void Launch(unsigned seed, Size grid, Size block_size, Kernel kernel, Arguments... arguments) {
  std::mt19937 random(seed);
  Block block;
  block.block_size = block_size;
  block.grid_size = grid;
  block.fibers.resize(static_cast<size_t>(block_size.x) * block_size.y * block_size.z);
  block.body = [&] { kernel(arguments...); };
  for (block.index.z = 0; block.index.z < grid.z; ++block.index.z) {
    for (block.index.y = 0; block.index.y < grid.y; ++block.index.y) {
      for (block.index.x = 0; block.index.x < grid.x; ++block.index.x) RunBlock(block, random);
    }
  }
  running = nullptr;
}

inline Fiber& Me() { return running->fibers[running->current]; }
inline Fiber& Lane(unsigned lane) { return running->fibers[Me().warp * kWarp + lane]; }

}  // namespace cuda_emulator

#define __global__
#define __device__
#define __forceinline__ inline
#define __restrict__
#define __shared__ static thread_local
#define threadIdx (cuda_emulator::Me().thread)
#define blockIdx (cuda_emulator::running->index)
#define blockDim (cuda_emulator::running->block_size)
#define gridDim (cuda_emulator::running->grid_size)

inline void __syncthreads() { cuda_emulator::Pause(cuda_emulator::Wait::kBlock); }

inline float __shfl_xor_sync(unsigned mask, float value, int other) {
  if (mask != 0xffffffffu) throw std::runtime_error("shuffle: expected the full mask");
  std::memcpy(cuda_emulator::Me().slot, &value, sizeof value);
  cuda_emulator::Pause(cuda_emulator::Wait::kWarp);
  float result;
  std::memcpy(&result, cuda_emulator::Lane(cuda_emulator::Me().lane ^ static_cast<unsigned>(other)).slot, sizeof result);
  cuda_emulator::Pause(cuda_emulator::Wait::kWarp);
  return result;
}

// Bytes of y:x (x the low four) by four selectors of 4 bits; the sign-replicating forms are not used.
inline unsigned __byte_perm(unsigned x, unsigned y, unsigned selectors) {
  const uint64_t bytes = static_cast<uint64_t>(y) << 32 | x;
  unsigned result = 0;
  for (int i = 0; i < 4; ++i) {
    const unsigned selector = selectors >> (4 * i) & 15;
    if (selector > 7) throw std::runtime_error("byte_perm: expected selectors of 0 to 7");
    result |= static_cast<unsigned>(bytes >> (8 * selector) & 0xff) << (8 * i);
  }
  return result;
}

inline float __fdiv_rn(float a, float b) { return a / b; }

template <class T>
T atomicAdd(T* address, T value) {
  const T before = *address;
  *address += value;
  return before;
}

inline int Dp4aU8S8(unsigned a, int b, int c) {
  for (int i = 0; i < 4; ++i) {
    c += static_cast<int>(a >> (8 * i) & 0xff) * static_cast<int8_t>(static_cast<unsigned>(b) >> (8 * i));
  }
  return c;
}

// PTX ISA, fragments of mma.m16n8k32 with 8-bit types: with g = lane / 4 and t = lane % 4, register i of a holds row g (i
// even) or g + 8 (odd), columns 4 t .. 4 t + 3 (+ 16 for i >= 2); register i of b column g, rows 4 t .. (+ 16 i); d holds
// rows g, g, g + 8, g + 8, columns 2 t, 2 t + 1.
inline void MmaU8S8(int (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
  cuda_emulator::Fiber& fiber = cuda_emulator::Me();
  std::memcpy(fiber.slot, a, sizeof a);
  std::memcpy(fiber.slot + 4, b, sizeof b);
  cuda_emulator::Pause(cuda_emulator::Wait::kWarp);
  const unsigned g = fiber.lane / 4, t = fiber.lane % 4;
  for (unsigned i = 0; i < 4; ++i) {
    const unsigned row = g + (i >= 2 ? 8 : 0), column = t * 2 + (i & 1);
    for (unsigned k = 0; k < 32; ++k) {
      const unsigned word = k % 16 / 4, byte = 8 * (k % 4);
      const uint32_t from_a = cuda_emulator::Lane(row % 8 * 4 + word).slot[(row >= 8 ? 1 : 0) + (k >= 16 ? 2 : 0)];
      const uint32_t from_b = cuda_emulator::Lane(column * 4 + word).slot[4 + (k >= 16 ? 1 : 0)];
      d[i] += static_cast<int>(from_a >> byte & 0xff) * static_cast<int8_t>(from_b >> byte);
    }
  }
  cuda_emulator::Pause(cuda_emulator::Wait::kWarp);
}

// PTX ISA, mma.sp.m16n8k64 with 8-bit types and ordered metadata, selector 0: of a, 16 x 64, two of every four along k
// are stored, as 16 x 32 in the fragments of m16n8k32; register i of b holds column g, rows 16 i + 4 t .. 16 i + 4 t + 3;
// d as there. Metadata: 2 bits for each stored byte, its place among the four; lane 4 g + h holds row g + 8 (h % 2), stored
// columns 16 (h / 2) .. 16 (h / 2) + 15 (figures of the ISA; as CUTLASS reorders metadata for it). Equal or descending
// places are undefined there and an error here.
inline void SparseMmaS8U8(int (&d)[4], const unsigned (&a)[4], const unsigned (&b)[4], unsigned places) {
  cuda_emulator::Fiber& fiber = cuda_emulator::Me();
  std::memcpy(fiber.slot, a, sizeof a);
  std::memcpy(fiber.slot + 4, b, sizeof b);
  fiber.slot[8] = places;
  for (unsigned pair = 0; pair < 8; ++pair) {
    const unsigned first = places >> (4 * pair) & 3, second = places >> (4 * pair + 2) & 3;
    if (first >= second) throw std::runtime_error("mma.sp: expected ascending places");
  }
  cuda_emulator::Pause(cuda_emulator::Wait::kWarp);
  const unsigned g = fiber.lane / 4, t = fiber.lane % 4;
  for (unsigned i = 0; i < 4; ++i) {
    const unsigned row = g + (i >= 2 ? 8 : 0), column = t * 2 + (i & 1), is_lower = row / 8;
    for (unsigned stored = 0; stored < 32; ++stored) {
      const unsigned half = stored / 16, word = stored % 16 / 4;
      const uint32_t from_a = cuda_emulator::Lane(row % 8 * 4 + word).slot[is_lower + 2 * half];
      const uint32_t metadata = cuda_emulator::Lane(row % 8 * 4 + is_lower + 2 * half).slot[8];
      const unsigned k = stored / 2 * 4 + (metadata >> (2 * (stored % 16)) & 3);
      const uint32_t from_b = cuda_emulator::Lane(column * 4 + k % 16 / 4).slot[4 + k / 16];
      d[i] += static_cast<int8_t>(from_a >> (8 * (stored % 4))) * static_cast<int>(from_b >> (8 * (k % 4)) & 0xff);
    }
  }
  cuda_emulator::Pause(cuda_emulator::Wait::kWarp);
}
