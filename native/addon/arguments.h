// The arguments of one call from JavaScript. Ranges and shapes are checked in TypeScript (packages/kernels); here is
// what protects memory: types, lengths, and buffers that cannot change under the kernel.
#pragma once
#include <napi.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace gossamer {

// Thrown by Arguments; becomes a JavaScript error with this code.
struct ArgumentError {
  std::string code, message;
};

template <class T>
struct Array {
  T* data;
  size_t length;
};

// A typed array whose elements are only moved.
struct AnyArray {
  const void* data;
  size_t length, element_size;  // element_size: 1, 2 or 4
  napi_typedarray_type type;
};

class Arguments {
 public:
  // Argument `first` of the call is argument 0 here.
  Arguments(const Napi::CallbackInfo& info, size_t first) : info_(info), first_(first) {}

  // Typed arrays. `T`: float, double, int32_t, uint16_t. A length other than expected is refused by the caller
  // (Require) or, for outputs, here. Inputs may be shared with other threads of the program; outputs may not, nor
  // overlap another array.
  template <class T>
  Array<const T> In(size_t index, const char* name);
  template <class T>
  Array<T> Out(size_t index, const char* name, size_t length);
  template <class T>
  Array<T> Out(size_t index, const char* name);  // of any length
  // Int8Array or Uint8Array.
  Array<const uint8_t> InBytes(size_t index, const char* name);
  Array<uint8_t> OutBytes(size_t index, const char* name, size_t length);
  Array<uint8_t> OutBytes(size_t index, const char* name);  // of any length
  // Any typed array of elements of 1, 2 or 4 bytes; and an output of the same type and length.
  AnyArray InAny(size_t index, const char* name);
  void* OutLike(size_t index, const char* name, const AnyArray& array);
  // An Int32Array over a SharedArrayBuffer whose first element stops the call when it becomes non-zero; undefined:
  // null.
  std::atomic<int32_t>* Abort(size_t index);

  size_t Size(size_t index, const char* name);  // integer in [0, 2^53 - 1]
  double Number(size_t index, const char* name);
  int32_t Integer(size_t index, const char* name, int32_t min, int32_t max);
  float Float(size_t index, const char* name);
  bool Boolean(size_t index, const char* name);
  bool IsMissing(size_t index) const;  // undefined or null
  size_t Count() const { return info_.Length() < first_ ? 0 : info_.Length() - first_; }

  // Every array of the call, to be held while it runs.
  const std::vector<napi_value>& Arrays() const { return arrays_; }

 private:
  struct View {
    void* data;
    size_t length;
    napi_typedarray_type type;
    bool is_shared;
  };
  napi_value Value(size_t index) const { return info_[first_ + index]; }
  View Open(size_t index, const char* name, const char* expected);
  void Keep(const View& view, napi_value value, size_t bytes, const char* name, bool is_output);

  struct Range {
    const uint8_t *begin, *end;
    const char* name;
    bool is_output;
  };
  const Napi::CallbackInfo& info_;
  size_t first_;
  std::vector<napi_value> arrays_;
  std::vector<Range> ranges_;
};

// Throws ERR_WRONG_LENGTH unless the two are equal.
void RequireLength(const char* name, size_t length, size_t expected);

// a * b * c, or ERR_WRONG_LENGTH when it does not fit; `name` is what has that many elements.
size_t Product(const char* name, size_t a, size_t b, size_t c = 1);

}  // namespace gossamer
