// The memory of one execution: where the buffers of a run lie. The first two runs with certain input sizes take them
// from a list of free blocks; what the second took is laid out in one arena (by size and lifetime), which later runs
// with the same sizes use. A buffer that the layout does not foresee, because its size depends on data, comes from the list.
#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "engine/buffer.h"

namespace gossamer {

class Memory {
 public:
  // Begins a run. `key`: the sizes of its inputs; `slots`: how many buffers it may ask for by number.
  void Begin(const std::vector<int64_t>& key, size_t slots);
  // A buffer for slot `slot`, from step `step` on until Free. Throws std::bad_alloc.
  void* Take(size_t slot, size_t bytes, size_t step);
  // Whether slot `taker` may take over the buffer of slot `giver`: always while the layout is not known, later only as
  // it was then.
  bool MayPass(size_t giver, size_t taker) const;
  void Pass(size_t giver, size_t taker);
  void Free(size_t slot, size_t step);
  // Ends the run; `complete`: it ran to its end, so its layout may be kept. What was not freed stays until Begin.
  void End(bool complete);

  // After End: whether a slot that was not freed has a buffer of its own; else it lies in the arena.
  bool HasBlock(size_t slot) const { return block_of_[slot] != kNoBlock; }
  // Gives that away for another one.
  void Exchange(size_t slot, Buffer* buffer, size_t* bytes);

  size_t Bytes() const;  // held now

 private:
  struct Block {
    Buffer buffer;
    size_t bytes = 0;
    bool is_free = true, is_used = false;  // used in this run
  };
  // Of a buffer in the layout; a passed slot has the place of its giver.
  struct Place {
    size_t offset = 0, bytes = 0;
    size_t taken_from = kNoSlot;
    bool is_planned = false;
  };
  struct Use {
    size_t slot, bytes, first, last;
  };
  using Layout = std::vector<Place>;
  static constexpr size_t kNoSlot = static_cast<size_t>(-1), kNoBlock = static_cast<size_t>(-1);
  static constexpr size_t kMaxLayouts = 8;

  size_t TakeBlock(size_t bytes);
  Layout Arrange(size_t* arena_bytes) const;
  void Settle();

  std::map<std::vector<int64_t>, Layout> layouts_;
  std::vector<std::vector<int64_t>> seen_;  // the sizes of the last runs without a layout
  const Layout* layout_ = nullptr;  // of this run; null: not known yet
  std::vector<int64_t> key_;
  Buffer arena_;
  size_t arena_bytes_ = 0;
  bool is_complete_ = false;  // the last run was
  std::vector<Block> blocks_;
  std::vector<size_t> block_of_;    // by slot
  std::vector<Use> uses_;           // of this run, when its layout is not known
  std::vector<size_t> use_of_;      // by slot
  std::vector<size_t> taken_from_;  // by slot
};

}  // namespace gossamer
