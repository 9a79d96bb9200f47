// What the engine computes on: tensors in row-major order, in memory that the engine owns.
#pragma once
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>

namespace gossamer {

// The numbers are those of the face to JavaScript (native/index.d.ts, DataTypeCode).
enum class DataType : uint8_t {
  kFloat32,
  kUint8,
  kInt8,
  kInt32,
  kInt64,
  kBool,
  kFloat16,
  kBfloat16,
  kFloat64,
  kInt16,
  kUint16,
  kUint32,
  kUint64
};
constexpr size_t kDataTypes = 13;

size_t ElementSize(DataType type);
const char* DataTypeName(DataType type);  // "float32", ...

// An operator cannot go on: the model or what it was fed is wrong. Reaches JavaScript with this code.
struct EngineError {
  std::string code, message;
};

constexpr size_t kMaxRank = 8;

// The size along each axis. Every product is checked: Count() fits size_t, and so do the bytes of any element type.
class Dims {
 public:
  Dims() = default;
  Dims(std::initializer_list<int64_t> sizes) : Dims(sizes.begin(), sizes.size()) {}
  // Throws EngineError (ERR_ENGINE_SHAPE) for a rank above kMaxRank, a negative size or too many elements.
  Dims(const int64_t* sizes, size_t rank);

  size_t Rank() const { return rank_; }
  int64_t operator[](size_t axis) const { return sizes_[axis]; }
  size_t Count() const { return Count(0, rank_); }
  size_t Count(size_t first, size_t end) const;  // of axes first .. end - 1
  void Append(int64_t size);
  bool operator==(const Dims& other) const;
  bool operator!=(const Dims& other) const { return !(*this == other); }
  std::string Text() const;  // "[1, 3, 224, 224]"

 private:
  int64_t sizes_[kMaxRank] = {};
  size_t rank_ = 0;
};

// A view of elements; does not own them. Behind the last element kReadSlack bytes may be read (kernels/linear.h), and
// written by an operator that needs a row of zero points there, unless the tensor is an input of the model or constant:
// those the engine copies for an operator that asks (Operator::WritesSlack).
struct Tensor {
  DataType type = DataType::kFloat32;
  Dims dims;
  void* data = nullptr;
  // Of a value that grows where it lies (Operator::ReadsPitched): each run of the axes from pitch_axis on has room
  // behind it, and the next one begins `pitch` elements after it began. 0: there is none, as everywhere else.
  size_t pitch = 0, pitch_axis = 0;

  size_t Count() const { return dims.Count(); }
  size_t Bytes() const { return Count() * ElementSize(type); }
  // Elements between neighbours along an axis.
  size_t Stride(size_t axis) const {
    if (pitch == 0 || axis >= pitch_axis) return dims.Count(axis + 1, dims.Rank());
    return pitch * dims.Count(axis + 1, pitch_axis);
  }
  // Writes the elements one behind another.
  void CopyTo(void* y) const;
  template <class T>
  T* As() const {
    return static_cast<T*>(data);
  }
};

}  // namespace gossamer
