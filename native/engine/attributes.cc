#include <cmath>

#include "engine/operator.h"

namespace gossamer {
namespace {

[[noreturn]] void Refuse(const char* name, const char* expected) {
  throw EngineError{"ERR_ENGINE_PROGRAM", std::string(name) + ": expected " + expected};
}

int64_t Whole(const char* name, double value) {
  constexpr double kLimit = 9007199254740992.0;  // 2^53: above it a double no longer tells neighbours apart
  if (!(std::fabs(value) <= kLimit) || value != std::floor(value)) Refuse(name, "a whole number");
  return static_cast<int64_t>(value);
}

}  // namespace

void Attributes::SetNumbers(std::string name, std::vector<double> values) {
  entries_.push_back({std::move(name), std::move(values), "", false});
}

void Attributes::SetText(std::string name, std::string value) {
  entries_.push_back({std::move(name), {}, std::move(value), true});
}

const Attributes::Entry* Attributes::Find(const char* name) const {
  for (const Entry& entry : entries_) {
    if (entry.name == name) return &entry;
  }
  return nullptr;
}

bool Attributes::Has(const char* name) const { return Find(name) != nullptr; }

int64_t Attributes::Int(const char* name, int64_t otherwise) const {
  const Entry* entry = Find(name);
  if (entry == nullptr) return otherwise;
  if (entry->is_text || entry->numbers.size() != 1) Refuse(name, "one whole number");
  return Whole(name, entry->numbers[0]);
}

float Attributes::Float(const char* name, float otherwise) const {
  const Entry* entry = Find(name);
  if (entry == nullptr) return otherwise;
  if (entry->is_text || entry->numbers.size() != 1) Refuse(name, "one number");
  return static_cast<float>(entry->numbers[0]);
}

std::string Attributes::Text(const char* name, const char* otherwise) const {
  const Entry* entry = Find(name);
  if (entry == nullptr) return otherwise;
  if (!entry->is_text) Refuse(name, "a text");
  return entry->text;
}

std::vector<int64_t> Attributes::Ints(const char* name) const {
  std::vector<int64_t> values;
  const Entry* entry = Find(name);
  if (entry == nullptr) return values;
  if (entry->is_text) Refuse(name, "whole numbers");
  for (double value : entry->numbers) values.push_back(Whole(name, value));
  return values;
}

std::vector<float> Attributes::Floats(const char* name) const {
  const Entry* entry = Find(name);
  if (entry == nullptr) return {};
  if (entry->is_text) Refuse(name, "numbers");
  return std::vector<float>(entry->numbers.begin(), entry->numbers.end());
}

}  // namespace gossamer
