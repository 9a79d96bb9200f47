// Which instruction set the kernels run on: detection, the override by environment, and the choice from a table.
#pragma once
#include <cstddef>

#if defined(__x86_64__) || defined(_M_X64)
#define GOSSAMER_X86_64 1
#else
#define GOSSAMER_X86_64 0
#endif
#if defined(__aarch64__) || defined(_M_ARM64)
#define GOSSAMER_AARCH64 1
#else
#define GOSSAMER_AARCH64 0
#endif

namespace gossamer {

// In the order of preference within one architecture: a later one is faster where it can run. kNeonDotprod and
// kNeonI8mm add those extensions to NEON. kAvx2 stands for AVX2 + FMA + F16C; kAvxVnni adds AVX-VNNI; kAvx512 stands
// for F + BW + DQ + VL on top of kAvx2; kAvx512Vnni adds VNNI, kAvx512Vbmi VBMI and VBMI2, kAvx512Bf16 BF16, each to
// the one before. A CPU may have kAvx512 without kAvxVnni.
enum class Isa {
  kScalar,
  kNeon,
  kNeonDotprod,
  kNeonI8mm,
  kAvx2,
  kAvxVnni,
  kAvx512,
  kAvx512Vnni,
  kAvx512Vbmi,
  kAvx512Bf16
};
constexpr Isa kAllIsas[] = {Isa::kScalar,  Isa::kNeon,   Isa::kNeonDotprod, Isa::kNeonI8mm,   Isa::kAvx2,
                            Isa::kAvxVnni, Isa::kAvx512, Isa::kAvx512Vnni,  Isa::kAvx512Vbmi, Isa::kAvx512Bf16};

// "scalar", "neon", "neon_dotprod", "neon_i8mm", "avx2", "avxvnni", "avx512", "avx512vnni", "avx512vbmi", "avx512bf16":
// the values of GOSSAMER_ISA, and the names of the files of a kernel.
const char* IsaName(Isa isa);

// Whether this build has kernels for `isa` and this CPU and operating system can run them.
bool IsaAvailable(Isa isa);

// Reads GOSSAMER_ISA once. Returns nullptr when it is unset, empty or usable, else a message for the user; kernels then
// run as if it were unset, so the caller must report the message before it runs any.
const char* IsaError();

// The ISA that kernels are limited to: GOSSAMER_ISA, else the best available.
Isa SelectedIsa();

// One implementation of a kernel. Tables list the fastest first and kScalar last.
template <class Fn>
struct Variant {
  Isa isa;
  Fn* fn;
};

// All implementations of one kernel that this build holds, for the tests.
template <class Fn>
struct VariantList {
  const Variant<Fn>* first;
  size_t count;
  const Variant<Fn>* begin() const { return first; }
  const Variant<Fn>* end() const { return first + count; }
};

template <class Fn, size_t kCount>
constexpr VariantList<Fn> List(const Variant<Fn> (&table)[kCount]) {
  return {table, kCount};
}

// The first entry that is neither above the selected ISA nor unavailable.
template <class Fn>
Fn& Select(VariantList<Fn> table) {
  for (const Variant<Fn>& variant : table) {
    if (variant.isa <= SelectedIsa() && IsaAvailable(variant.isa)) return *variant.fn;
  }
  return *table.first[table.count - 1].fn;
}

}  // namespace gossamer

// The table of a kernel `Op` whose variants are OpScalar, OpAvx2, ...: fastest first, the definition last. An ISA that
// this build does not hold has no row.
#if GOSSAMER_X86_64
#define GOSSAMER_VARIANT_ROWS(Op) \
  {Isa::kAvx512, Op##Avx512}, {Isa::kAvx2, Op##Avx2}, { Isa::kScalar, Op##Scalar }
#elif GOSSAMER_AARCH64
#define GOSSAMER_VARIANT_ROWS(Op) \
  {Isa::kNeon, Op##Neon}, { Isa::kScalar, Op##Scalar }
#else
#define GOSSAMER_VARIANT_ROWS(Op) {Isa::kScalar, Op##Scalar}
#endif

// Defines OpVariants() and Op() from that table; for the dispatch.cc of a kernel.
#define GOSSAMER_DEFINE_KERNEL(Op)                                                  \
  static constexpr Variant<Op##Fn> k##Op##Variants[] = {GOSSAMER_VARIANT_ROWS(Op)}; \
  VariantList<Op##Fn> Op##Variants() { return List(k##Op##Variants); }              \
  Op##Fn& Op() {                                                                    \
    static Op##Fn& best = Select(List(k##Op##Variants));                            \
    return best;                                                                    \
  }
