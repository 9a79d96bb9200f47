// Short forms for tests of operators.
#pragma once
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "testing/run_operator.h"

namespace gossamer {

inline Value Longs(const std::vector<int64_t>& values) { return Value(Dims{static_cast<int64_t>(values.size())}, values); }

inline Value Numbered(Dims dims) {
  std::vector<float> x(dims.Count());
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i);
  return Value(dims, x);
}

inline Dims DimsOf(const char* type, Attributes attributes, const std::vector<Argument>& arguments) {
  return RunOperator(type, std::move(attributes), arguments, {arguments[0].value.type})[0].dims;
}

inline std::vector<float> Floats(const char* type, Attributes attributes, const std::vector<Argument>& arguments) {
  return RunOperator(type, std::move(attributes), arguments, {DataType::kFloat32})[0].To<float>();
}

// The code of the refusal; empty: none.
inline std::string Refusal(const char* type, Attributes attributes, const std::vector<Argument>& arguments) {
  try {
    RunOperator(type, std::move(attributes), arguments, {arguments[0].value.type});
  } catch (const EngineError& error) {
    CHECK(error.message.find("expected") != std::string::npos);
    CHECK(error.message.find("received") != std::string::npos);
    return error.code;
  }
  return "";
}

}  // namespace gossamer
