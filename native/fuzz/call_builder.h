// Arguments for the addon's operations from a fuzzer's bytes: right ones, and then some of them made wrong.
#pragma once
#include <cmath>
#include <deque>
#include <memory>

#include "fuzz/fake_napi.h"
#include "fuzz/layout.h"

namespace gossamer {

class CallBuilder {
 public:
  explicit CallBuilder(Input& input) : input_(input) {}

  void Number(double value) { Add(FakeValue::Kind::kNumber).number = value; }
  void Boolean(bool value) { Add(FakeValue::Kind::kBoolean).number = value; }
  void Missing() { Add(FakeValue::Kind::kUndefined); }
  void Bytes(size_t length, bool is_signed = false) { Array(is_signed ? napi_int8_array : napi_uint8_array, length); }
  void Halves(size_t length) { Array(napi_uint16_array, length); }
  void Doubles(size_t length) { Array(napi_float64_array, length); }
  void Floats(size_t length) { Fill<float>(napi_float32_array, input_.Floats(length)); }
  void Scales(size_t length) {
    std::vector<float> scales(length);
    for (float& scale : scales) scale = input_.Scale();
    Fill(napi_float32_array, scales);
  }
  void Integers(size_t length, int32_t min, int32_t max) {
    std::vector<int32_t> values(length);
    for (int32_t& value : values) value = input_.Range(min, max);
    Fill(napi_int32_array, values);
  }
  void IntegerValues(const std::vector<int32_t>& values) { Fill(napi_int32_array, values); }
  void DoubleValues(const std::vector<double>& values) { Fill(napi_float64_array, values); }
  void Array(napi_typedarray_type type, size_t length) { Point(Add(FakeValue::Kind::kTypedArray), type, length, 0); }

  // Makes up to three arguments wrong, or right in another way; false: all are as they were built.
  bool Disturb() {
    const size_t times = input_.Byte() % 4;
    for (size_t i = 0; i < times && !values_.empty(); ++i) DisturbOne(values_[input_.Size(values_.size() - 1)]);
    if (times > 0 && input_.Byte() == 0) values_.resize(input_.Size(values_.size()));
    return times > 0;
  }

  // Every byte of every array: what a call may change.
  std::vector<uint8_t> Contents() {
    std::vector<uint8_t> contents;
    for (const auto& block : memory_) {
      const std::vector<uint8_t> bytes = block->Copy();
      contents.insert(contents.end(), bytes.begin(), bytes.end());
    }
    return contents;
  }

  // Puts back what Contents() said.
  void Restore(const std::vector<uint8_t>& contents) {
    size_t at = 0;
    for (const auto& block : memory_) {
      const size_t size = block->Copy().size();
      std::copy_n(contents.begin() + static_cast<ptrdiff_t>(at), size, block->data());
      at += size;
    }
  }

  FakeCall Call() {
    FakeCall call;
    for (FakeValue& value : values_) call.arguments.push_back(&value);
    return call;
  }

 private:
  FakeValue& Add(FakeValue::Kind kind) {
    values_.emplace_back();
    values_.back().kind = kind;
    return values_.back();
  }

  static size_t ElementSize(napi_typedarray_type type) {
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

  // Memory of exactly that size, from byte `skipped` of it on.
  void Point(FakeValue& value, napi_typedarray_type type, size_t length, size_t skipped) {
    memory_.push_back(std::make_unique<Exact<uint8_t>>(skipped + length * ElementSize(type), input_));
    value.kind = FakeValue::Kind::kTypedArray;
    value.type = type;
    value.length = length;
    value.data = memory_.back()->data() + skipped;
  }

  template <class T>
  void Fill(napi_typedarray_type type, const std::vector<T>& elements) {
    Array(type, elements.size());
    if (!elements.empty()) std::memcpy(values_.back().data, elements.data(), elements.size() * sizeof(T));
  }

  double OddNumber(double value) {
    constexpr double kOdd[] = {0,
                               -0.0,
                               -1,
                               1,
                               2,
                               3,
                               4,
                               8,
                               16,
                               0.5,
                               1.5,
                               127,
                               128,
                               255,
                               256,
                               65536,
                               2147483647,
                               2147483648,
                               4294967296,
                               9007199254740991,
                               9007199254740992,
                               1e300,
                               -1e300};
    const uint8_t kind = input_.Byte();
    if (kind < 8) return NAN;
    if (kind < 16) return INFINITY;
    if (kind < 80) return value + kind - 48;
    if (kind < 128) return std::ldexp(1.0, kind - 70);
    return kOdd[kind % (sizeof kOdd / sizeof *kOdd)];
  }

  void DisturbOne(FakeValue& value) {
    const uint8_t kind = input_.Byte() % 8;
    if (kind == 0) {  // another value
      value = values_[input_.Size(values_.size() - 1)];
    } else if (kind == 1) {
      value.kind = static_cast<FakeValue::Kind>(input_.Byte() % 5);  // no array: it would have no memory
    } else if (value.kind == FakeValue::Kind::kNumber || value.kind == FakeValue::Kind::kBoolean) {
      value.kind =
          kind == 2 && value.kind == FakeValue::Kind::kNumber ? FakeValue::Kind::kBoolean : FakeValue::Kind::kNumber;
      value.number = OddNumber(value.number);
    } else if (value.kind == FakeValue::Kind::kTypedArray) {
      DisturbArray(value, kind);
    } else {
      Point(value, TypeOf(input_.Byte()), input_.Size(40), 0);
    }
  }

  static napi_typedarray_type TypeOf(uint8_t byte) { return static_cast<napi_typedarray_type>(byte % 11); }

  void DisturbArray(FakeValue& value, uint8_t kind) {
    if (kind == 2) value.is_detached = true;
    if (kind == 3) value.is_shared = true;
    if (kind == 4) value.is_resizable = true;
    if (kind == 5) Point(value, TypeOf(input_.Byte()), value.length, 0);
    if (kind == 6) Point(value, value.type, input_.Bool() ? value.length + 1 : value.length - (value.length > 0), 0);
    if (kind == 7) Point(value, value.type, input_.Size(300), ElementSize(value.type));
  }

  Input& input_;
  std::deque<FakeValue> values_;
  std::vector<std::unique_ptr<Exact<uint8_t>>> memory_;
};

}  // namespace gossamer
