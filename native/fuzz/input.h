// What a fuzzer's bytes say, read as the arguments of a kernel. When they run out, a generator seeded by them goes on,
// so that a short input can stand for long arrays.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <vector>

#include "kernels/dispatch.h"
#include "testing/guarded.h"

namespace gossamer {

class Input {
 public:
  Input(const uint8_t* data, size_t size) : data_(data), size_(size) {
    for (size_t i = 0; i < size; ++i) state_ = (state_ ^ data[i]) * 0x100000001b3u;  // FNV-1a
  }

  uint8_t Byte() {
    if (at_ < size_) return data_[at_++];
    state_ ^= state_ << 13;  // xorshift64
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return static_cast<uint8_t>(state_ >> 32);
  }
  bool Bool() { return (Byte() & 1) != 0; }
  // In [0, max]; two bytes, so that max is below 2^16.
  size_t Size(size_t max) {
    const size_t low = Byte();
    return (low | static_cast<size_t>(Byte()) << 8) % (max + 1);
  }
  int32_t Range(int32_t min, int32_t max) { return min + static_cast<int32_t>(Size(static_cast<size_t>(max - min))); }

  // Ties, special values and any bits at all.
  float Float() {
    constexpr float kInf = std::numeric_limits<float>::infinity(), kNan = std::numeric_limits<float>::quiet_NaN();
    constexpr float kSpecial[] = {kNan,  -kNan, kInf,   -kInf, 0.0f,  -0.0f,      1e-45f,         -1e-45f,
                                  1e38f, 3e38f, -3e38f, 0.5f,  -0.5f, 8388608.5f, 2.147483648e9f, 65519.998f};
    const uint8_t kind = Byte();
    if (kind < 16) return kSpecial[kind];
    if (kind < 64) {
      uint32_t bits = 0;
      for (int i = 0; i < 4; ++i) bits = bits << 8 | Byte();
      float value;
      std::memcpy(&value, &bits, sizeof value);
      return value;
    }
    return (static_cast<float>(kind) - 160.0f) * 0.25f;
  }
  // Finite and not 0, as the addon wants scales.
  float Scale() {
    const float value = Float();
    return value - value == 0 && value != 0 ? value : 0.5f;
  }

  std::vector<uint8_t> Bytes(size_t count) {
    std::vector<uint8_t> bytes(count);
    for (uint8_t& byte : bytes) byte = Byte();
    return bytes;
  }
  std::vector<float> Floats(size_t count) {
    std::vector<float> values(count);
    for (float& value : values) value = Float();
    return values;
  }

 private:
  const uint8_t* data_;
  size_t size_, at_ = 0;
  uint64_t state_ = 0xcbf29ce484222325u;
};

#if defined(__SANITIZE_ADDRESS__)
#define GOSSAMER_RED_ZONES 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define GOSSAMER_RED_ZONES 1
#endif
#endif

// `count` elements of T after which, and before which, no byte may be touched: by the red zones of AddressSanitizer
// where it watches, else by a page on one side.
#if defined(GOSSAMER_RED_ZONES)
template <class T>
class Exact {
 public:
  explicit Exact(size_t count, Input&) : count_(count), data_(new T[count]()) {}
  Exact(const std::vector<T>& values, Input&) : count_(values.size()), data_(new T[values.size()]) {
    std::copy(values.begin(), values.end(), data_);
  }
  ~Exact() { delete[] data_; }
  Exact(const Exact&) = delete;
  Exact& operator=(const Exact&) = delete;
  T* data() { return data_; }
  std::vector<T> Copy() const { return std::vector<T>(data_, data_ + count_); }

 private:
  size_t count_;
  T* data_;
};
#else
template <class T>
class Exact : public Guarded<T> {
 public:
  Exact(size_t count, Input& input) : Guarded<T>(count, EdgeOf(input)) {}
  Exact(const std::vector<T>& values, Input& input) : Guarded<T>(values, EdgeOf(input)) {}

 private:
  static Edge EdgeOf(Input& input) { return input.Bool() ? Edge::kFront : Edge::kBack; }
};
#endif

// Ends the process when `holds` is false: what a fuzzer takes for a finding.
inline void Require(bool holds, const char* what, const char* isa = "") {
  if (holds) return;
  std::fprintf(stderr, "%s %s: expected what the definition gives, received something else\n", what, isa);
  std::abort();
}

template <class T>
bool SameBits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}

// The same bits, or NaN in both: which NaN comes out of an operation on NaN differs between instruction sets.
inline bool SameFloats(const std::vector<float>& a, const std::vector<float>& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (!(std::isnan(a[i]) && std::isnan(b[i])) && std::memcmp(&a[i], &b[i], sizeof(float)) != 0) return false;
  }
  return true;
}

// Calls body(variant) for each variant of a kernel that this machine runs, the definition included.
template <class Fn, class Body>
void ForEachVariant(VariantList<Fn> list, const Body& body) {
  for (const Variant<Fn>& variant : list) {
    if (IsaAvailable(variant.isa)) body(*variant.fn, IsaName(variant.isa));
  }
}

}  // namespace gossamer

// One run over one input; 0. libFuzzer calls it, and so does replay.cc.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
