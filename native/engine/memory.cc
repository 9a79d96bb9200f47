#include "engine/memory.h"

#include <algorithm>
#include <utility>

namespace gossamer {
namespace {

// Sizes a little apart share a block, so that a sequence that grows step by step does not need a new one each time.
size_t RoundUp(size_t bytes) {
  size_t step = kBufferAlignment;
  while (step * 16 < bytes) step *= 2;
  return (bytes + step - 1) / step * step;
}

}  // namespace

void Memory::Begin(const std::vector<int64_t>& key, size_t slots) {
  Settle();
  const auto found = layouts_.find(key);
  layout_ = found == layouts_.end() ? nullptr : &found->second;
  key_ = key;
  uses_.clear();
  block_of_.assign(slots, kNoBlock);
  use_of_.assign(slots, kNoSlot);
  taken_from_.assign(slots, kNoSlot);
  for (Block& block : blocks_) block.is_free = true, block.is_used = false;
}

size_t Memory::TakeBlock(size_t bytes) {
  const size_t wanted = RoundUp(bytes);
  size_t best = kNoBlock;
  for (size_t i = 0; i < blocks_.size(); ++i) {
    const Block& block = blocks_[i];
    if (!block.is_free || block.bytes < wanted || block.bytes / 2 > wanted) continue;
    if (best == kNoBlock || block.bytes < blocks_[best].bytes) best = i;
  }
  if (best == kNoBlock) {
    Block made;
    made.buffer = NewBuffer(wanted);
    made.bytes = wanted;
    blocks_.push_back(std::move(made));
    best = blocks_.size() - 1;
  }
  blocks_[best].is_free = false;
  blocks_[best].is_used = true;
  return best;
}

void* Memory::Take(size_t slot, size_t bytes, size_t step) {
  if (layout_ != nullptr) {
    const Place& place = (*layout_)[slot];
    if (place.is_planned && place.taken_from == kNoSlot && bytes <= place.bytes) {
      return static_cast<char*>(arena_.get()) + place.offset;
    }
  } else {
    use_of_[slot] = uses_.size();
    uses_.push_back({slot, bytes, step, step});
  }
  block_of_[slot] = TakeBlock(bytes);
  return blocks_[block_of_[slot]].buffer.get();
}

bool Memory::MayPass(size_t giver, size_t taker) const {
  if (layout_ == nullptr || block_of_[giver] != kNoBlock) return true;
  return (*layout_)[taker].taken_from == giver;
}

void Memory::Pass(size_t giver, size_t taker) {
  block_of_[taker] = block_of_[giver];
  block_of_[giver] = kNoBlock;
  use_of_[taker] = use_of_[giver];
  use_of_[giver] = kNoSlot;
  taken_from_[taker] = giver;
}

void Memory::Free(size_t slot, size_t step) {
  if (use_of_[slot] != kNoSlot) {
    uses_[use_of_[slot]].last = step;
    use_of_[slot] = kNoSlot;
  }
  if (block_of_[slot] == kNoBlock) return;
  blocks_[block_of_[slot]].is_free = true;
  block_of_[slot] = kNoBlock;
}

// Largest first, each at the lowest offset at which nothing lies that lives at the same time. Source: Pisarchyk and Lee,
// "Efficient Memory Management for Deep Neural Net Inference", 2020 (arXiv:2001.03288), greedy by size for offsets.
Memory::Layout Memory::Arrange(size_t* arena_bytes) const {
  Layout layout(block_of_.size());
  std::vector<size_t> order(uses_.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return uses_[a].bytes > uses_[b].bytes; });
  struct Laid {
    size_t offset, end, first, last;
  };
  std::vector<Laid> laid;  // by offset
  *arena_bytes = 0;
  for (size_t index : order) {
    const Use& use = uses_[index];
    const size_t bytes = (use.bytes + kBufferAlignment - 1) / kBufferAlignment * kBufferAlignment;
    size_t offset = 0;
    for (const Laid& other : laid) {
      if (other.last < use.first || use.last < other.first) continue;
      if (offset + bytes <= other.offset) break;
      offset = std::max(offset, other.end);
    }
    const Laid mine{offset, offset + bytes, use.first, use.last};
    laid.insert(std::upper_bound(laid.begin(), laid.end(), mine,
                                 [](const Laid& a, const Laid& b) { return a.offset < b.offset; }),
                mine);
    layout[use.slot] = {offset, use.bytes, kNoSlot, true};
    *arena_bytes = std::max(*arena_bytes, offset + bytes);
  }
  for (size_t slot = 0; slot < taken_from_.size(); ++slot) {
    if (taken_from_[slot] != kNoSlot) layout[slot].taken_from = taken_from_[slot];
  }
  return layout;
}

void Memory::End(bool complete) { is_complete_ = complete; }

void Memory::Settle() {
  const bool complete = is_complete_;
  is_complete_ = false;
  // Sizes that came once may never come again: they are laid out when they come a second time.
  const bool is_second = std::find(seen_.begin(), seen_.end(), key_) != seen_.end();
  if (layout_ != nullptr || !complete || !is_second) {
    if (layout_ == nullptr && complete) {
      if (seen_.size() >= kMaxLayouts) seen_.erase(seen_.begin());
      seen_.push_back(key_);
    }
    blocks_.erase(std::remove_if(blocks_.begin(), blocks_.end(), [](const Block& block) { return !block.is_used; }),
                  blocks_.end());
    return;
  }
  for (size_t use : use_of_) {
    if (use != kNoSlot) uses_[use].last = static_cast<size_t>(-1);  // an output of the model
  }
  if (layouts_.size() >= kMaxLayouts) layouts_.clear();
  size_t bytes = 0;
  Layout layout = Arrange(&bytes);
  blocks_.clear();
  if (bytes > arena_bytes_) {
    arena_.reset();
    arena_bytes_ = 0;
    arena_ = NewBuffer(bytes);
    arena_bytes_ = bytes;
  }
  layouts_.emplace(key_, std::move(layout));
}

void Memory::Exchange(size_t slot, Buffer* buffer, size_t* bytes) {
  Block& block = blocks_[block_of_[slot]];
  std::swap(block.buffer, *buffer);
  std::swap(block.bytes, *bytes);
  block_of_[slot] = kNoBlock;
  if (!block.buffer) {
    // Nothing came back: an empty block that fits no wish.
    block.bytes = 0;
  }
}

size_t Memory::Bytes() const {
  size_t bytes = arena_bytes_;
  for (const Block& block : blocks_) bytes += block.bytes;
  return bytes;
}

}  // namespace gossamer
