#include "kernels/dispatch.h"

#include <cstdlib>
#include <string>

#if GOSSAMER_X86_64
#if defined(_MSC_VER)
#include <intrin.h>
#else
#include <cpuid.h>
#endif
#elif GOSSAMER_AARCH64 && defined(__linux__)
#include <sys/auxv.h>
#elif GOSSAMER_AARCH64 && defined(__APPLE__)
#include <sys/sysctl.h>
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

// Which sets this CPU and operating system can run. Bit numbers: Intel SDM volume 2, CPUID; volume 1, 13.2 (XCR0).
struct Detected {
  bool avx2 = false, avx_vnni = false, avx512 = false, vnni = false, vbmi = false, bf16 = false;
};

Detected Detect() {
  constexpr unsigned long long kYmmState = 0x6, kZmmState = 0xe6;
  Detected found;
  if (Cpuid(0, 0).eax < 7) return found;
  const CpuidRegisters one = Cpuid(1, 0);
  const bool osxsave = Bit(one.ecx, 27), avx = Bit(one.ecx, 28), fma = Bit(one.ecx, 12), f16c = Bit(one.ecx, 29);
  if (!osxsave || !avx || !fma || !f16c || (SavedState() & kYmmState) != kYmmState) return found;
  const CpuidRegisters seven = Cpuid(7, 0);
  found.avx2 = Bit(seven.ebx, 5);
  if (!found.avx2) return found;
  const CpuidRegisters more = seven.eax >= 1 ? Cpuid(7, 1) : CpuidRegisters{0, 0, 0, 0};
  found.avx_vnni = Bit(more.eax, 4);
  const bool f = Bit(seven.ebx, 16), dq = Bit(seven.ebx, 17), bw = Bit(seven.ebx, 30), vl = Bit(seven.ebx, 31);
  found.avx512 = f && dq && bw && vl && (SavedState() & kZmmState) == kZmmState;
  found.vnni = found.avx512 && Bit(seven.ecx, 11);
  found.vbmi = found.vnni && Bit(seven.ecx, 1) && Bit(seven.ecx, 6);
  found.bf16 = found.vbmi && Bit(more.eax, 5);
  return found;
}

bool CpuHas(Isa isa) {
  static const Detected found = Detect();
  switch (isa) {
    case Isa::kScalar: return true;
    case Isa::kAvx2: return found.avx2;
    case Isa::kAvxVnni: return found.avx_vnni;
    case Isa::kAvx512: return found.avx512;
    case Isa::kAvx512Vnni: return found.vnni;
    case Isa::kAvx512Vbmi: return found.vbmi;
    case Isa::kAvx512Bf16: return found.bf16;
    default: return false;
  }
}

#elif GOSSAMER_AARCH64

#if defined(__APPLE__)
bool HasFeature(const char* name) {
  int value = 0;
  size_t size = sizeof value;
  return sysctlbyname(name, &value, &size, nullptr, 0) == 0 && value != 0;
}
#endif

// NEON is part of the AArch64 base; the rest is asked for where the system tells.
bool CpuHas(Isa isa) {
  switch (isa) {
    case Isa::kScalar:
    case Isa::kNeon: return true;
#if defined(__linux__)
    case Isa::kNeonDotprod: return (getauxval(AT_HWCAP) & (1ul << 20)) != 0;
    case Isa::kNeonI8mm: return CpuHas(Isa::kNeonDotprod) && (getauxval(AT_HWCAP2) & (1ul << 13)) != 0;
#elif defined(__APPLE__)
    case Isa::kNeonDotprod: return HasFeature("hw.optional.arm.FEAT_DotProd");
    case Isa::kNeonI8mm: return HasFeature("hw.optional.arm.FEAT_DotProd") && HasFeature("hw.optional.arm.FEAT_I8MM");
#endif
    default: return false;
  }
}

#else

bool CpuHas(Isa isa) { return isa == Isa::kScalar; }

#endif

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
    case Isa::kNeonDotprod: return "neon_dotprod";
    case Isa::kNeonI8mm: return "neon_i8mm";
    case Isa::kAvx2: return "avx2";
    case Isa::kAvxVnni: return "avxvnni";
    case Isa::kAvx512: return "avx512";
    case Isa::kAvx512Vnni: return "avx512vnni";
    case Isa::kAvx512Vbmi: return "avx512vbmi";
    case Isa::kAvx512Bf16: return "avx512bf16";
  }
  return "unknown";
}

bool IsaAvailable(Isa isa) { return CpuHas(isa); }

const char* IsaError() { return Chosen().error.empty() ? nullptr : Chosen().error.c_str(); }

Isa SelectedIsa() { return Chosen().isa; }

}  // namespace gossamer
