#include "engine/tensor.h"

#include <cstring>
#include <limits>

namespace gossamer {
namespace {

struct TypeFacts {
  const char* name;
  size_t size;
};
constexpr TypeFacts kTypes[kDataTypes] = {{"float32", 4},  {"uint8", 1},   {"int8", 1},  {"int32", 4}, {"int64", 8},
                                          {"bool", 1},     {"float16", 2}, {"bfloat16", 2}, {"float64", 8}, {"int16", 2},
                                          {"uint16", 2},   {"uint32", 4},  {"uint64", 8}};

// Elements of any type, with what may be read behind them, then fit size_t and ptrdiff_t.
constexpr size_t kMaxElements = std::numeric_limits<size_t>::max() / 64;

}  // namespace

size_t ElementSize(DataType type) { return kTypes[static_cast<size_t>(type)].size; }
const char* DataTypeName(DataType type) { return kTypes[static_cast<size_t>(type)].name; }

Dims::Dims(const int64_t* sizes, size_t rank) {
  for (size_t i = 0; i < rank; ++i) Append(sizes[i]);
}

void Dims::Append(int64_t size) {
  if (rank_ == kMaxRank) throw EngineError{"ERR_ENGINE_SHAPE", "rank: expected at most 8 axes, received more"};
  if (size < 0) {
    throw EngineError{"ERR_ENGINE_SHAPE", "dims: expected sizes of 0 or more, received " + std::to_string(size)};
  }
  // A size of 0 elsewhere must not hide a product that is too large once that axis grows.
  size_t count = 1;
  for (size_t i = 0; i < rank_; ++i) count *= sizes_[i] == 0 ? 1 : static_cast<size_t>(sizes_[i]);
  if (size != 0 && count > kMaxElements / static_cast<size_t>(size)) {
    throw EngineError{"ERR_ENGINE_SHAPE", "dims: expected fewer elements than 2^58, received " + Text() + " times " +
                                              std::to_string(size)};
  }
  sizes_[rank_++] = size;
}

size_t Dims::Count(size_t first, size_t end) const {
  size_t count = 1;
  for (size_t i = first; i < end; ++i) count *= static_cast<size_t>(sizes_[i]);
  return count;
}

bool Dims::operator==(const Dims& other) const {
  if (rank_ != other.rank_) return false;
  for (size_t i = 0; i < rank_; ++i) {
    if (sizes_[i] != other.sizes_[i]) return false;
  }
  return true;
}

std::string Dims::Text() const {
  std::string text = "[";
  for (size_t i = 0; i < rank_; ++i) text += (i == 0 ? "" : ", ") + std::to_string(sizes_[i]);
  return text + "]";
}

void Tensor::CopyTo(void* y) const {
  const size_t bytes = Bytes();
  if (bytes == 0) return;
  if (pitch == 0) {
    std::memcpy(y, data, bytes);
    return;
  }
  const size_t rows = dims.Count(0, pitch_axis), row = bytes / rows, step = pitch * ElementSize(type);
  for (size_t i = 0; i < rows; ++i) std::memcpy(static_cast<char*>(y) + i * row, As<char>() + i * step, row);
}

}  // namespace gossamer
