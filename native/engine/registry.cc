// Every operator of the engine: one line each, in alphabetical order of the type; its factory is in engine/operators/.
#include "engine/registry.h"

#include "engine/operator.h"

namespace gossamer {

OperatorFactory MakeIdentity, MakeIf, MakeLoop;

namespace {

struct Entry {
  const char* type;
  OperatorFactory* make;
};

constexpr Entry kOperators[] = {
    {"Identity", MakeIdentity},
    {"If", MakeIf},
    {"Loop", MakeLoop},
};

}  // namespace

std::vector<const char*> OperatorTypeNames() {
  std::vector<const char*> names;
  for (const Entry& entry : kOperators) names.push_back(entry.type);
  return names;
}

OperatorFactory* FindOperator(const std::string& type) {
  for (const Entry& entry : kOperators) {
    if (type == entry.type) return entry.make;
  }
  return nullptr;
}

}  // namespace gossamer
