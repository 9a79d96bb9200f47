#include "engine/operators/offset_cache.h"

namespace gossamer {

OffsetTable::OffsetTable(const ConvGeometry& geometry)
    : buffer_(NewBuffer(geometry.Taps() * geometry.Pixels() * sizeof(int32_t))) {
  FillOffsets(geometry, 0, geometry.Pixels(), static_cast<int32_t>(geometry.InputCount()),
              static_cast<int32_t*>(buffer_.get()));
}

std::shared_ptr<const OffsetTable> OffsetCache::Get(const ConvGeometry& geometry) const {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (const Entry& entry : entries_) {
      if (entry.geometry == geometry) return entry.table;
    }
  }
  auto table = std::make_shared<const OffsetTable>(geometry);
  const std::lock_guard<std::mutex> lock(mutex_);
  entries_.insert(entries_.begin(), {geometry, table});
  if (entries_.size() > kKept) entries_.pop_back();
  return table;
}

}  // namespace gossamer
