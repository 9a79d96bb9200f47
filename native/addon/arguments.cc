#include "addon/arguments.h"

#include <cmath>

#include "addon/environment.h"

namespace gossamer {
namespace {

constexpr double kMaxSafeInteger = 9007199254740991.0;
// No type of Node-API's; what an array keeps whose type this Node does not tell (Float16Array in some versions).
constexpr napi_typedarray_type kUnknownType = static_cast<napi_typedarray_type>(15);

template <class T>
struct TypeOf;
template <>
struct TypeOf<float> {
  static constexpr napi_typedarray_type kType = napi_float32_array;
  static constexpr const char* kName = "Float32Array";
};
template <>
struct TypeOf<double> {
  static constexpr napi_typedarray_type kType = napi_float64_array;
  static constexpr const char* kName = "Float64Array";
};
template <>
struct TypeOf<int32_t> {
  static constexpr napi_typedarray_type kType = napi_int32_array;
  static constexpr const char* kName = "Int32Array";
};
template <>
struct TypeOf<uint16_t> {
  static constexpr napi_typedarray_type kType = napi_uint16_array;
  static constexpr const char* kName = "Uint16Array";
};

const char* TypeName(napi_typedarray_type type) {
  switch (type) {
    case napi_int8_array: return "Int8Array";
    case napi_uint8_array: return "Uint8Array";
    case napi_uint8_clamped_array: return "Uint8ClampedArray";
    case napi_int16_array: return "Int16Array";
    case napi_uint16_array: return "Uint16Array";
    case napi_int32_array: return "Int32Array";
    case napi_uint32_array: return "Uint32Array";
    case napi_float32_array: return "Float32Array";
    case napi_float64_array: return "Float64Array";
    case napi_bigint64_array: return "BigInt64Array";
    case napi_biguint64_array: return "BigUint64Array";
    default: return "another typed array";
  }
}

std::string Describe(Napi::Env env, napi_value value) {
  napi_valuetype type;
  bool is_array = false, is_dataview = false;
  if (napi_typeof(env, value, &type) != napi_ok) return "an unknown value";
  napi_is_array(env, value, &is_array);
  napi_is_dataview(env, value, &is_dataview);
  if (is_array) return "an array";
  if (is_dataview) return "a DataView";
  switch (type) {
    case napi_undefined: return "undefined";
    case napi_null: return "null";
    case napi_boolean: return "a boolean";
    case napi_number: return "a number";
    case napi_string: return "a string";
    case napi_symbol: return "a symbol";
    case napi_object: return "an object";
    case napi_function: return "a function";
    case napi_external: return "an external value";
    case napi_bigint: return "a bigint";
  }
  return "an unknown value";
}

[[noreturn]] void Fail(const char* code, const std::string& message) { throw ArgumentError{code, message}; }

std::string Expected(const char* name, const std::string& expected, const std::string& received) {
  return std::string(name) + ": expected " + expected + ", received " + received;
}

size_t ElementSize(napi_typedarray_type type) {
  switch (type) {
    case napi_int8_array:
    case napi_uint8_array:
    case napi_uint8_clamped_array: return 1;
    case napi_int16_array:
    case napi_uint16_array: return 2;
    case napi_int32_array:
    case napi_uint32_array:
    case napi_float32_array: return 4;
    default: return 8;
  }
}

bool IsByteType(napi_typedarray_type type) { return type == napi_int8_array || type == napi_uint8_array; }

}  // namespace

void RequireLength(const char* name, size_t length, size_t expected) {
  if (length == expected) return;
  Fail("ERR_WRONG_LENGTH", Expected(name, std::to_string(expected) + " elements", std::to_string(length)));
}

size_t Product(const char* name, size_t a, size_t b, size_t c) {
  const double exact = static_cast<double>(a) * static_cast<double>(b) * static_cast<double>(c);
  if (exact > kMaxSafeInteger) Fail("ERR_WRONG_LENGTH", Expected(name, "at most 2^53 - 1 elements", "more"));
  return a * b * c;
}

Arguments::View Arguments::Open(size_t index, const char* name, const char* expected) {
  const Napi::Env env = info_.Env();
  const napi_value value = Value(index);
  bool is_typed_array = false;
  if (napi_is_typedarray(env, value, &is_typed_array) != napi_ok || !is_typed_array) {
    Fail("ERR_WRONG_TYPE", Expected(name, expected, Describe(env, value)));
  }
  View view{nullptr, 0, kUnknownType, false};
  napi_value buffer;
  size_t byte_offset;
  if (napi_get_typedarray_info(env, value, &view.type, &view.length, &view.data, &buffer, &byte_offset) != napi_ok) {
    Fail("ERR_WRONG_TYPE", Expected(name, expected, "an unreadable typed array"));
  }
  bool is_plain = false, is_detached = false;
  napi_is_arraybuffer(env, buffer, &is_plain);
  view.is_shared = !is_plain;
  if (is_plain) napi_is_detached_arraybuffer(env, buffer, &is_detached);
  if (is_detached) Fail("ERR_DETACHED_BUFFER", Expected(name, "an attached buffer", "a detached one"));
  if (Environment::Of(env).IsResizable(buffer, view.is_shared)) {
    Fail("ERR_RESIZABLE_BUFFER", Expected(name, "a buffer of fixed length", "a resizable one"));
  }
  return view;
}

void Arguments::Keep(const View& view, napi_value value, size_t bytes, const char* name, bool is_output) {
  if (is_output && view.is_shared) {
    Fail("ERR_SHARED_BUFFER", Expected(name, "an ArrayBuffer to write to", "a SharedArrayBuffer"));
  }
  const auto* begin = static_cast<const uint8_t*>(view.data);
  const Range range{begin, begin + bytes, name, is_output};
  for (const Range& other : ranges_) {
    const bool overlap = range.begin < other.end && other.begin < range.end;
    if (overlap && (is_output || other.is_output)) {
      Fail("ERR_OVERLAP", Expected(name, std::string("memory apart from ") + other.name, "overlapping memory"));
    }
  }
  ranges_.push_back(range);
  arrays_.push_back(value);
}

template <class T>
Array<const T> Arguments::In(size_t index, const char* name) {
  const View view = Open(index, name, TypeOf<T>::kName);
  if (view.type != TypeOf<T>::kType) Fail("ERR_WRONG_TYPE", Expected(name, TypeOf<T>::kName, TypeName(view.type)));
  Keep(view, Value(index), view.length * sizeof(T), name, false);
  return {static_cast<const T*>(view.data), view.length};
}

template <class T>
Array<T> Arguments::Out(size_t index, const char* name) {
  const View view = Open(index, name, TypeOf<T>::kName);
  if (view.type != TypeOf<T>::kType) Fail("ERR_WRONG_TYPE", Expected(name, TypeOf<T>::kName, TypeName(view.type)));
  Keep(view, Value(index), view.length * sizeof(T), name, true);
  return {static_cast<T*>(view.data), view.length};
}

template <class T>
Array<T> Arguments::Out(size_t index, const char* name, size_t length) {
  const Array<T> array = Out<T>(index, name);
  RequireLength(name, array.length, length);
  return array;
}

template Array<const float> Arguments::In(size_t, const char*);
template Array<const double> Arguments::In(size_t, const char*);
template Array<const int32_t> Arguments::In(size_t, const char*);
template Array<const uint16_t> Arguments::In(size_t, const char*);
template Array<float> Arguments::Out(size_t, const char*);
template Array<float> Arguments::Out(size_t, const char*, size_t);
template Array<double> Arguments::Out(size_t, const char*, size_t);
template Array<int32_t> Arguments::Out(size_t, const char*, size_t);
template Array<uint16_t> Arguments::Out(size_t, const char*, size_t);

Array<const uint8_t> Arguments::InBytes(size_t index, const char* name) {
  const View view = Open(index, name, "Int8Array or Uint8Array");
  if (!IsByteType(view.type)) Fail("ERR_WRONG_TYPE", Expected(name, "Int8Array or Uint8Array", TypeName(view.type)));
  Keep(view, Value(index), view.length, name, false);
  return {static_cast<const uint8_t*>(view.data), view.length};
}

Array<uint8_t> Arguments::OutBytes(size_t index, const char* name) {
  const View view = Open(index, name, "Int8Array or Uint8Array");
  if (!IsByteType(view.type)) Fail("ERR_WRONG_TYPE", Expected(name, "Int8Array or Uint8Array", TypeName(view.type)));
  Keep(view, Value(index), view.length, name, true);
  return {static_cast<uint8_t*>(view.data), view.length};
}

Array<uint8_t> Arguments::OutBytes(size_t index, const char* name, size_t length) {
  const Array<uint8_t> bytes = OutBytes(index, name);
  RequireLength(name, bytes.length, length);
  return bytes;
}

AnyArray Arguments::InAny(size_t index, const char* name) {
  const View view = Open(index, name, "a typed array");
  const size_t size = ElementSize(view.type);
  if (size > 4) Fail("ERR_WRONG_TYPE", Expected(name, "elements of at most 4 bytes", TypeName(view.type)));
  Keep(view, Value(index), view.length * size, name, false);
  return {view.data, view.length, size, view.type};
}

void* Arguments::OutLike(size_t index, const char* name, const AnyArray& array) {
  const View view = Open(index, name, TypeName(array.type));
  if (view.type != array.type) Fail("ERR_WRONG_TYPE", Expected(name, TypeName(array.type), TypeName(view.type)));
  RequireLength(name, view.length, array.length);
  Keep(view, Value(index), view.length * array.element_size, name, true);
  return view.data;
}

std::atomic<int32_t>* Arguments::Abort(size_t index) {
  static_assert(sizeof(std::atomic<int32_t>) == sizeof(int32_t) && std::atomic<int32_t>::is_always_lock_free,
                "an element of an Int32Array is read as an atomic");
  if (IsMissing(index)) return nullptr;
  const View view = Open(index, "abort", "Int32Array");
  if (view.type != napi_int32_array || view.length < 1 || !view.is_shared) {
    Fail("ERR_WRONG_TYPE", Expected("abort", "an Int32Array over a SharedArrayBuffer", "something else"));
  }
  arrays_.push_back(Value(index));
  return static_cast<std::atomic<int32_t>*>(view.data);
}

double Arguments::Number(size_t index, const char* name) {
  napi_valuetype type;
  double number = 0;
  if (napi_typeof(info_.Env(), Value(index), &type) != napi_ok || type != napi_number) {
    Fail("ERR_WRONG_TYPE", Expected(name, "a number", Describe(info_.Env(), Value(index))));
  }
  napi_get_value_double(info_.Env(), Value(index), &number);
  return number;
}

size_t Arguments::Size(size_t index, const char* name) {
  const double number = Number(index, name);
  if (!(number >= 0 && number <= kMaxSafeInteger && number == std::floor(number))) {
    Fail("ERR_WRONG_LENGTH", Expected(name, "an integer in [0, 2^53 - 1]", std::to_string(number)));
  }
  return static_cast<size_t>(number);
}

int32_t Arguments::Integer(size_t index, const char* name, int32_t min, int32_t max) {
  const double number = Number(index, name);
  if (!(number >= min && number <= max && number == std::floor(number))) {
    const std::string range = "an integer in [" + std::to_string(min) + ", " + std::to_string(max) + "]";
    Fail("ERR_BAD_RANGE", Expected(name, range, std::to_string(number)));
  }
  return static_cast<int32_t>(number);
}

float Arguments::Float(size_t index, const char* name) { return static_cast<float>(Number(index, name)); }

bool Arguments::Boolean(size_t index, const char* name) {
  bool value = false;
  if (napi_get_value_bool(info_.Env(), Value(index), &value) != napi_ok) {
    Fail("ERR_WRONG_TYPE", Expected(name, "a boolean", Describe(info_.Env(), Value(index))));
  }
  return value;
}

bool Arguments::IsMissing(size_t index) const {
  napi_valuetype type = napi_undefined;
  napi_typeof(info_.Env(), Value(index), &type);
  return type == napi_undefined || type == napi_null;
}

}  // namespace gossamer
