// Sizes, types and attributes that fit one another, as operator_hints.h asks for them, and now and then some that do
// not.
#pragma once
#include <algorithm>
#include <string>
#include <vector>

#include "engine/operator.h"
#include "fuzz/input.h"
#include "fuzz/operator_hints.h"

namespace gossamer {

// One time in `n`.
inline bool Rarely(Input& input, int n) { return input.Byte() % n == 0; }

inline std::vector<std::string> Split(const char* text, char separator) {
  std::vector<std::string> words(1);
  for (; *text != '\0'; ++text) {
    if (*text == separator) {
      words.emplace_back();
    } else {
      words.back() += *text;
    }
  }
  if (separator == ' ' && words.back().empty()) words.pop_back();
  return words;
}

inline double WildNumber(Input& input) {
  constexpr double kSpecial[] = {
      1e15, -1e15, 2147483647, 2147483648.0, -2147483648.0, 4294967296.0, 9007199254740992.0, -1, 0, 0.5,
      64,   128,   255,        256,          65536,         1e300,        1073741824.0};
  const uint8_t kind = input.Byte();
  if (kind < 128) return kSpecial[kind % (sizeof kSpecial / sizeof *kSpecial)];
  return kind < 192 ? static_cast<double>(input.Float()) : static_cast<double>(kind % 12) - 3;
}

inline DataType AnyType(Input& input) {
  const uint8_t kind = input.Byte();
  return kind < 100 ? DataType::kFloat32 : kind < 150 ? DataType::kInt64 : static_cast<DataType>(kind % kDataTypes);
}

inline Dims AnyDims(Input& input) {
  Dims dims;
  for (size_t rank = input.Byte() % 6; rank > 0; --rank) {
    const uint8_t kind = input.Byte();
    const int64_t size = kind < 16 ? 0 : kind < 250 ? 1 + kind % 5 : 8 + kind % 64;
    dims.Append(dims.Count() * static_cast<size_t>(size) > 2000 ? 1 : size);
  }
  // Without elements the other axes can be of any size.
  if (Rarely(input, 24) && dims.Rank() < 5) {
    Dims empty{int64_t{1} << (input.Byte() % 50), 0};
    if (input.Bool()) empty = Dims{0, int64_t{1} << (input.Byte() % 50)};
    for (size_t i = 0; i < dims.Rank(); ++i) empty.Append(std::min<int64_t>(dims[i], 8));
    return empty;
  }
  return dims;
}

// The sizes and choices of one operator, which its inputs and attributes have in common.
class Plan {
 public:
  const bool is_wild;  // whether what does not fit may come among it

  Plan(const OperatorHint& hint, const std::string& type, Input& input)
      : is_wild(input.Bool()),
        input_(input),
        spatial_(std::strstr(hint.inputs, "HW") != nullptr ? 2 : 1),
        is_convolution_(std::strstr(hint.inputs, "Mc") != nullptr) {
    same_ = static_cast<DataType>(input.Byte() % 3 == 0 ? 0 : input.Byte() % kDataTypes);
    group_ = Rarely(input, 2) ? 1 : 1 + input.Byte() % 5;
    c_ = Rarely(input, 3) ? 1 : 1 + input.Byte() % 20;
    m_ = Rarely(input, 3) ? 1 : 1 + input.Byte() % 40;
    kernel_[0] = 1 + input.Byte() % 4;
    kernel_[1] = 1 + input.Byte() % 4;
    k_ = 1 + input.Byte() % (Rarely(input, 3) ? 200 : 24);
    n_ = 1 + input.Byte() % (Rarely(input, 3) ? 150 : 24);
    hidden_ = 1 + input.Byte() % 6;
    gates_ = type == "LSTM" ? 4 : type == "GRU" ? 3 : 1;
    directions_ = 1 + input.Byte() % 2;
    bits_ = 2 << input.Byte() % 3;
    block_ = 16 << input.Byte() % 3;
    other_ = 1 + input.Byte() % 6;
    Resize();
  }

  // Other sizes of what a run may change.
  void Resize() {
    batch_ = Rarely(input_, 12) ? 0 : 1 + input_.Byte() % 3;
    height_ = Rarely(input_, 16) ? 0 : 1 + input_.Byte() % 8;
    width_ = Rarely(input_, 16) ? 0 : 1 + input_.Byte() % 9;
    steps_ = Rarely(input_, 16) ? 0 : 1 + input_.Byte() % 9;
  }

  int64_t SizeOf(char letter) const {
    const int64_t blocks = (k_ + block_ - 1) / block_;
    switch (letter) {
      case 'B': return batch_;
      case 'H': return height_;
      case 'W': return width_;
      case 'S': return steps_;
      case 'T': return other_;
      case 'C': return c_ * group_;
      case 'c': return c_;
      case 'M': return m_ * group_;
      case 'm': return m_;
      case 'J': return kernel_[0];
      case 'L': return kernel_[1];
      case 'K':
      case 'D': return k_;
      case 'N': return n_;
      case 'h': return hidden_;
      case 'A': return hidden_ * other_;
      case 'q': return gates_ * hidden_;
      case 'Q': return 2 * gates_ * hidden_;
      case 'p': return 3 * hidden_;
      case 'd': return directions_;
      case 'j': return blocks;
      case 'y': return block_ * bits_ / 8;
      case 'z': return (blocks * bits_ + 7) / 8;
      case 'v': return k_ * bits_ / 8;
      case 't': return int64_t{1} << bits_;
      default: return letter - '0';
    }
  }

  // Of the letters behind a colon.
  Dims DimsOf(const std::string& word, bool may_be_wild) {
    const size_t colon = word.find(':');
    if (colon == std::string::npos || colon + 1 == word.size() || (may_be_wild && Wild(24))) return AnyDims(input_);
    Dims dims;
    if (word[colon + 1] == '-') return dims;
    for (size_t i = colon + 1; i < word.size(); ++i) {
      const int64_t size = may_be_wild && Wild(48) ? input_.Byte() % 4 : SizeOf(word[i]);
      dims.Append(dims.Count() * static_cast<size_t>(size) > 20000 ? 1 : size);
    }
    return dims;
  }

  DataType TypeOf(char letter) {
    if (Wild(48)) return AnyType(input_);
    switch (letter | 0x20) {
      case 'f': return DataType::kFloat32;
      case 'u': return DataType::kUint8;
      case 'w': return input_.Bool() ? DataType::kInt8 : DataType::kUint8;
      case 'n': return DataType::kInt32;
      case 'i': return Rarely(input_, 4) ? DataType::kInt32 : DataType::kInt64;
      case 'l': return DataType::kInt64;
      case 'b': return DataType::kBool;
      default: break;
    }
    if (letter == '*') return same_;
    const DataType kCommon[] = {DataType::kUint8, DataType::kInt8, DataType::kInt32, DataType::kFloat32};
    return Rarely(input_, 4) ? AnyType(input_) : kCommon[input_.Byte() % 4];
  }

  void SetAttribute(const std::string& word, Attributes* attributes) {
    const size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    if (word[equals + 1] == '|') {
      const std::vector<std::string> choices = Split(word.c_str() + equals + 2, '|');
      attributes->SetText(name, choices[input_.Byte() % choices.size()]);
      return;
    }
    std::vector<double> values = Values(word[equals + 1]);
    if (word[equals + 1] == 'd') {
      attributes->SetText(name, directions_ == 2 ? "bidirectional" : input_.Bool() ? "reverse" : "forward");
      return;
    }
    if (Wild(16)) values.assign(input_.Byte() % 5, 1);
    for (double& value : values) {
      if (Wild(values.size() > 8 ? 250 : 12)) value = WildNumber(input_);
    }
    attributes->SetNumbers(name, values);
  }

  bool Wild(int n) { return is_wild && Rarely(input_, n); }

 private:
  std::vector<double> Numbers(size_t count, int32_t low, int32_t high) {
    std::vector<double> values(count);
    for (double& value : values) value = input_.Range(low, high);
    return values;
  }
  double Scale() { return (1 + input_.Byte()) / 64.0; }

  std::vector<double> Values(char kind) {
    switch (kind) {
      case 'a': return Numbers(1, -3, 3);
      case 'b': return Numbers(1, 0, 1);
      case 'n': return Numbers(1, 0, 4);
      case 's': return Rarely(input_, 2) ? std::vector<double>(spatial_, 1) : Numbers(spatial_, 1, 3);
      case 'p':
        if (Rarely(input_, 2)) {
          const double h = (kernel_[0] - 1) / 2, w = (kernel_[1] - 1) / 2;
          return spatial_ == 1 ? std::vector<double>{w, w} : std::vector<double>{h, w, h, w};
        }
        return Numbers(2 * spatial_, 0, 3);
      case 'o': return Numbers(spatial_, 0, 1);
      case 'k': return {static_cast<double>(kernel_[0]), static_cast<double>(kernel_[1])};
      case 'H': return {static_cast<double>(height_), static_cast<double>(width_)};
      case 'g': return {static_cast<double>(group_)};
      case 'z': return Numbers(1, 0, 255);
      case 'f': return {Rarely(input_, 4) ? static_cast<double>(input_.Float()) : Scale()};
      case 'S': {
        std::vector<double> values(Rarely(input_, 2) ? 1 : Wild(2) ? 2 : SizeOf(is_convolution_ ? 'M' : 'N'));
        for (double& value : values) value = Scale();
        return values;
      }
      case 'R': return {Scale(), Scale()};
      case 'Y': return Numbers(2, 0, 255);
      case 'Z': return Numbers(Rarely(input_, 2) ? 1 : Wild(2) ? 2 : SizeOf(is_convolution_ ? 'M' : 'N'), 0, 127);
      case 'l': return Numbers(input_.Byte() % 5, -1, 3);
      case 'T': return Numbers(256, 0, 255);
      case 'B': return {static_cast<double>(bits_)};
      case 'V': return {static_cast<double>(block_)};
      default: return {static_cast<double>(SizeOf(kind))};
    }
  }

  Input& input_;
  const size_t spatial_;
  const bool is_convolution_;
  DataType same_;
  int64_t group_, c_, m_, kernel_[2], k_, n_, hidden_, gates_, directions_, bits_, block_, other_;
  int64_t batch_, height_, width_, steps_;
};

}  // namespace gossamer
