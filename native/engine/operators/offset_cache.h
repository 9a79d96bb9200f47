// Tables of offsets that are kept from run to run.
#pragma once
#include <memory>
#include <mutex>
#include <vector>

#include "engine/buffer.h"
#include "engine/operators/convolution.h"

namespace gossamer {

// FillOffsets over all pixels; outside of the image is the row of channels behind the last pixel of the last image.
class OffsetTable {
 public:
  explicit OffsetTable(const ConvGeometry& geometry);  // throws std::bad_alloc
  const int32_t* data() const { return static_cast<const int32_t*>(buffer_.get()); }

 private:
  Buffer buffer_;
};

// The tables of the last few geometries: to build one costs a good part of a layer.
class OffsetCache {
 public:
  std::shared_ptr<const OffsetTable> Get(const ConvGeometry& geometry) const;

 private:
  static constexpr size_t kKept = 4;
  struct Entry {
    ConvGeometry geometry;
    std::shared_ptr<const OffsetTable> table;
  };
  mutable std::mutex mutex_;
  mutable std::vector<Entry> entries_;  // the latest first
};

}  // namespace gossamer
