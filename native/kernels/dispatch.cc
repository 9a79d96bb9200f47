#include "kernels/dispatch.h"

#include <cstdlib>
#include <string>

#if GOSSAMER_X86_64
#if defined(_MSC_VER)
#include <intrin.h>
#else
#include <cpuid.h>
#endif
#endif

namespace gossamer {
namespace {

#if GOSSAMER_X86_64

struct CpuidRegisters {
  unsigned eax, ebx, ecx, edx;
};

CpuidRegisters Cpuid(unsigned leaf, unsigned subleaf) {
  CpuidRegisters r{0, 0, 0, 0};
#if defined(_MSC_VER)
  int values[4];
  __cpuidex(values, static_cast<int>(leaf), static_cast<int>(subleaf));
  r = {static_cast<unsigned>(values[0]), static_cast<unsigned>(values[1]), static_cast<unsigned>(values[2]),
       static_cast<unsigned>(values[3])};
#else
  __get_cpuid_count(leaf, subleaf, &r.eax, &r.ebx, &r.ecx, &r.edx);
#endif
  return r;
}

// The register files that the operating system saves on a context switch (XCR0).
unsigned long long SavedState() {
#if defined(_MSC_VER)
  return _xgetbv(0);
#else
  unsigned low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (static_cast<unsigned long long>(high) << 32) | low;
#endif
}

bool Bit(unsigned value, int bit) { return ((value >> bit) & 1u) != 0; }

// Best x86 level. Bit numbers: Intel SDM volume 2, CPUID; volume 1, 13.2 (XCR0).
Isa DetectIsa() {
  constexpr unsigned long long kYmmState = 0x6, kZmmState = 0xe6;
  if (Cpuid(0, 0).eax < 7) return Isa::kScalar;
  const CpuidRegisters one = Cpuid(1, 0);
  const bool osxsave = Bit(one.ecx, 27), avx = Bit(one.ecx, 28), fma = Bit(one.ecx, 12), f16c = Bit(one.ecx, 29);
  if (!osxsave || !avx || !fma || !f16c || (SavedState() & kYmmState) != kYmmState) return Isa::kScalar;
  const CpuidRegisters seven = Cpuid(7, 0);
  if (!Bit(seven.ebx, 5)) return Isa::kScalar;
  const bool f = Bit(seven.ebx, 16), dq = Bit(seven.ebx, 17), bw = Bit(seven.ebx, 30), vl = Bit(seven.ebx, 31);
  const bool avx512 = f && dq && bw && vl && (SavedState() & kZmmState) == kZmmState;
  return avx512 ? Isa::kAvx512 : Isa::kAvx2;
}

#elif GOSSAMER_AARCH64

Isa DetectIsa() { return Isa::kNeon; }  // part of the AArch64 base

#else

Isa DetectIsa() { return Isa::kScalar; }

#endif

bool Compiled(Isa isa) {
  switch (isa) {
    case Isa::kScalar: return true;
    case Isa::kNeon: return GOSSAMER_AARCH64 != 0;
    case Isa::kAvx2:
    case Isa::kAvx512: return GOSSAMER_X86_64 != 0;
  }
  return false;
}

struct Choice {
  Isa isa;
  std::string error;
};

Choice Choose() {
  Choice choice{Isa::kScalar, ""};
  std::string available;
  for (Isa isa : kAllIsas) {
    if (!IsaAvailable(isa)) continue;
    choice.isa = isa;
    available += available.empty() ? "" : ", ";
    available += IsaName(isa);
  }
  const char* wanted = std::getenv("GOSSAMER_ISA");
  if (wanted == nullptr || *wanted == '\0') return choice;
  for (Isa isa : kAllIsas) {
    if (IsaAvailable(isa) && std::string(wanted) == IsaName(isa)) return {isa, ""};
  }
  choice.error = "GOSSAMER_ISA: expected one of " + available + " (available on this machine), received " + wanted;
  return choice;
}

const Choice& Chosen() {
  static const Choice choice = Choose();
  return choice;
}

}  // namespace

const char* IsaName(Isa isa) {
  switch (isa) {
    case Isa::kScalar: return "scalar";
    case Isa::kNeon: return "neon";
    case Isa::kAvx2: return "avx2";
    case Isa::kAvx512: return "avx512";
  }
  return "unknown";
}

bool IsaAvailable(Isa isa) {
  static const Isa best = DetectIsa();
  return Compiled(isa) && isa <= best;
}

const char* IsaError() { return Chosen().error.empty() ? nullptr : Chosen().error.c_str(); }

Isa SelectedIsa() { return Chosen().isa; }

}  // namespace gossamer
