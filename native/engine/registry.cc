// Every operator of the engine: one line each, in alphabetical order of the type; its factory is in engine/operators/.
#include <cstring>

#include "engine/operator.h"

namespace gossamer {

OperatorFactory MakeIdentity;

namespace {

struct Entry {
  const char* type;
  OperatorFactory* make;
};

constexpr Entry kOperators[] = {
    {"Identity", MakeIdentity},
};

}  // namespace

OperatorFactory* FindOperator(const std::string& type) {
  for (const Entry& entry : kOperators) {
    if (type == entry.type) return entry.make;
  }
  return nullptr;
}

}  // namespace gossamer
