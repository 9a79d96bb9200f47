#include "encode/integers.h"

#include <cmath>
#include <memory>

#include "encode/bit_models.h"
#include "encode/logistic.h"

namespace gossamer {
namespace {

// Element (r, c) of a tensor seen as a matrix is at r * row_stride + c * column_stride; `period` columns belong together.
struct MatrixLayout {
  size_t rows, columns, row_stride, column_stride, period;
};

size_t ProductOf(const std::vector<size_t>& dims, size_t first, size_t end) {
  size_t product = 1;
  for (size_t i = first; i < end; ++i) product *= dims[i];
  return product;
}

MatrixLayout LayoutOf(const std::vector<size_t>& dims, uint32_t variant) {
  const size_t rank = dims.size(), split = rank < 2 ? 0 : (variant & 2) != 0 && rank > 2 ? 2 : 1;
  const size_t rows = ProductOf(dims, 0, split), columns = ProductOf(dims, split, rank);
  if ((variant & 1) != 0) return {columns, rows, 1, columns, 1};
  return {rows, columns, columns, 1, split == 1 ? ProductOf(dims, std::min<size_t>(2, rank), rank) : 1};
}

uint32_t LayoutBits(const std::vector<size_t>& dims) {
  size_t wide = 0;
  for (const size_t dim : dims) wide += dim != 1;
  return wide < 2 ? 0 : dims.size() > 2 ? 2 : 1;
}

// What JavaScript makes of a number that it stores in 32 bits.
int32_t Wrap(int64_t value) { return static_cast<int32_t>(static_cast<uint32_t>(value)); }

int64_t Unfold(uint64_t zigzag) {
  const auto half = static_cast<int64_t>(zigzag / 2);
  return zigzag % 2 == 0 ? half : -half - 1;
}

int64_t Abs(int32_t value) { return value < 0 ? -static_cast<int64_t>(value) : value; }

// Bits of the lowest 32 of `value`.
uint32_t BitLength(int64_t value) {
  uint32_t length = 0;
  for (auto rest = static_cast<uint32_t>(value); rest != 0; rest >>= 1) ++length;
  return length;
}

// Share of ones at each index, drawn towards a prior.
class DensityCounts {
 public:
  explicit DensityCounts(size_t size) : counts_(size) {}
  uint32_t P1(size_t index, uint32_t prior) const {
    const Counts& counts = counts_[index];
    const uint64_t p = (65536ull * counts.ones + 20ull * prior) / (counts.seen + 20ull);
    return p < 1 ? 1 : p > 65535 ? 65535 : static_cast<uint32_t>(p);
  }
  void Update(size_t index, uint32_t bit) {
    ++counts_[index].seen;
    counts_[index].ones += bit;
  }

 private:
  struct Counts {
    uint32_t seen = 0, ones = 0;
  };
  std::vector<Counts> counts_;
};

// One kind of decision all over a matrix, from the densities of the whole, of row and column, and from contexts: mixed-bit.ts.
class MixedBit {
 public:
  MixedBit(size_t rows, size_t columns, std::initializer_list<size_t> sizes)
      : whole_(1), rows_(rows), columns_(columns), contexts_(sizes.begin(), sizes.end()), stretch_(Stretch()) {
    weights_[0] = -0.3;
    weights_[1] = weights_[2] = 0.4;
    for (size_t i = 0; i < contexts_.size(); ++i) weights_[kDensities + i] = 0.5 / static_cast<double>(contexts_.size());
  }

  uint32_t Code(RangeDecoder& coder, size_t row, size_t column, const uint32_t* contexts) {
    const uint32_t whole = whole_.P1(0);
    const double base = stretch_[whole];
    double inputs[kMaxInputs] = {base, stretch_[rows_.P1(row, whole)], stretch_[columns_.P1(column, whole)]};
    const size_t count = kDensities + contexts_.size();
    for (size_t i = kDensities; i < count; ++i) {
      const BitModels& models = contexts_[i - kDensities];
      const double seen = models.Count(contexts[i - kDensities]);
      inputs[i] = base + (stretch_[models.P1(contexts[i - kDensities])] - base) * (seen / (seen + 2));
    }
    double sum = 0;
    for (size_t i = 0; i < count; ++i) sum += inputs[i] * weights_[i];
    const uint32_t p = Squash(sum), bit = coder.Code(p);
    const double step = rate_ * ((bit != 0 ? 65536.0 : 0.0) - p) / 65536;
    for (size_t i = 0; i < count; ++i) weights_[i] += step * inputs[i];
    if (rate_ > kSlowest) rate_ *= 0.99;
    whole_.Update(0, bit);
    rows_.Update(row, bit);
    columns_.Update(column, bit);
    for (size_t i = 0; i < contexts_.size(); ++i) contexts_[i].Update(contexts[i], bit);
    return bit;
  }

 private:
  static constexpr size_t kDensities = 3, kMaxInputs = 6;
  static constexpr double kSlowest = 0.0015;
  BitModels whole_;
  DensityCounts rows_, columns_;
  std::vector<BitModels> contexts_;
  const double* stretch_;
  double weights_[kMaxInputs] = {};
  double rate_ = 10 * kSlowest;
};

uint32_t Flag(int32_t value) { return value == 0 ? 0 : 1; }
uint32_t Level(int32_t value) { return value == 0 ? 0 : value == 1 || value == -1 ? 1 : 2; }
uint32_t Sign(int32_t value) { return value < 0 ? 0 : value == 0 ? 1 : 2; }
uint32_t Few(int32_t value) { return static_cast<uint32_t>(std::min<int64_t>(3, Abs(value))); }

uint32_t BitCount(uint32_t word) {
  uint32_t count = 0;
  for (; word != 0; word &= word - 1) ++count;
  return count;
}

void CodeMixed(RangeDecoder& coder, int32_t* values, const MatrixLayout& layout, uint64_t max) {
  constexpr uint32_t kWindow = 12;
  const size_t levels = max > 16 ? 2 : 6;
  MixedBit significant(layout.rows, layout.columns, {108, 4 * (kWindow + 1), 4 * 64});
  MixedBit negative(layout.rows, layout.columns, {9});
  std::vector<std::unique_ptr<MixedBit>> above;
  for (size_t i = 0; i < levels && i + 1 < max; ++i)
    above.push_back(std::make_unique<MixedBit>(layout.rows, layout.columns, std::initializer_list<size_t>{16}));
  BitModels rest(10 * kExpGolombContexts);
  std::vector<uint32_t> groups((layout.columns + layout.period - 1) / layout.period);
  for (size_t r = 0; r < layout.rows; ++r) {
    uint32_t window = 0;
    std::fill(groups.begin(), groups.end(), 0);
    for (size_t c = 0; c < layout.columns; ++c) {
      int32_t* at = values + r * layout.row_stride + c * layout.column_stride;
      const size_t row = layout.row_stride, column = layout.column_stride;
      const int32_t left = c > 0 ? *(at - column) : 0, left2 = c > 1 ? *(at - 2 * column) : 0;
      const int32_t up = r > 0 ? *(at - row) : 0, up2 = r > 1 ? *(at - 2 * row) : 0;
      const int32_t up_right = r > 0 && c + 1 < layout.columns ? *(at - row + column) : 0;
      const int32_t up_left = r > 0 && c > 0 ? *(at - row - column) : 0;
      const size_t group = c / layout.period, in_group = c - group * layout.period;
      const uint32_t near_flags = Flag(left2) + 2 * (Flag(up_right) + 2 * Flag(up_left));
      const uint32_t shape[] = {Level(left) + 3 * (Level(up) + 3 * near_flags),
                                std::min(kWindow, BitCount(window)) * 4 + Flag(up) + 2 * Flag(up2),
                                64 * std::min(3u, groups[group]) + static_cast<uint32_t>(std::min<size_t>(63, in_group))};
      const uint32_t is_set = significant.Code(coder, r, c, shape);
      window = (window << 1 | is_set) & ((1u << kWindow) - 1);
      if (is_set == 0) {
        *at = 0;
        continue;
      }
      ++groups[group];
      const uint32_t signs = 3 * Sign(left) + Sign(up);
      const uint32_t is_negative = negative.Code(coder, r, c, &signs);
      const uint32_t sizes = 4 * Few(left) + Few(up);
      uint64_t coded = 1;
      while (coded <= above.size() && above[coded - 1]->Code(coder, r, c, &sizes) == 1) ++coded;
      if (coded > levels && coded < max) {
        const int64_t size = 2 * Abs(left) + 2 * Abs(up) + Abs(left2) + Abs(up2);
        coded += CodeExpGolomb(coder, rest, std::min(9u, BitLength(size)) * kExpGolombContexts);
      }
      *at = Wrap(is_negative != 0 ? -static_cast<int64_t>(coded) : static_cast<int64_t>(coded));
    }
  }
}

void CodeDirect(RangeDecoder& coder, int32_t* values, const MatrixLayout& layout, uint32_t bits) {
  constexpr uint32_t kClasses = 6;
  const bool is_tree = bits <= 8;
  BitModels models(kClasses * (is_tree ? size_t{1} << bits : kExpGolombContexts));
  for (size_t r = 0; r < layout.rows; ++r) {
    for (size_t c = 0; c < layout.columns; ++c) {
      int32_t* at = values + r * layout.row_stride + c * layout.column_stride;
      const int64_t size = (c > 0 ? Abs(*(at - layout.column_stride)) : 0) + (r > 0 ? Abs(*(at - layout.row_stride)) : 0);
      const uint32_t shift = bits > 5 ? bits - 5 : 0;
      // As JavaScript shifts: the sign of bit 31 fills up.
      const int64_t shifted = Wrap(size) >= 0 ? Wrap(size) >> shift : -1;
      const uint32_t context = size == 0 ? 0 : std::min(kClasses - 1, BitLength(shifted));
      const uint64_t zigzag = is_tree ? models.CodeTree(coder, size_t{context} << bits, bits)
                                      : CodeExpGolomb(coder, models, context * kExpGolombContexts);
      *at = Wrap(Unfold(zigzag));
    }
  }
}

void CodeLogistic(RangeDecoder& coder, std::vector<int32_t>& values, uint32_t bits, uint32_t width) {
  constexpr double kQuarters[] = {1, 1.189207115002721, 1.4142135623730951, 1.681792830507429};
  const double scale = 1 / std::ldexp(kQuarters[width & 3], static_cast<int>(width >> 2) - 3);
  const auto below = [scale](int64_t value) {
    return Logistic((static_cast<double>(value) - 0.5) * scale) + std::ldexp(static_cast<double>(value), -32);
  };
  if (bits == 0) return;
  const int64_t half = int64_t{1} << (bits - 1);
  for (int32_t& value : values) {
    int64_t low = -half, high = half;
    double from = below(low), to = below(high);
    while (high - low > 1) {
      const int64_t middle = low + (high - low) / 2;
      const double at = below(middle);
      const auto p = static_cast<int64_t>(65536 * (at - from) / (to - from));
      if (coder.Code(p < 16 ? 16 : p > 65520 ? 65520 : static_cast<uint32_t>(p)) == 1) {
        high = middle;
        to = at;
      } else {
        low = middle;
        from = at;
      }
    }
    value = Wrap(low);
  }
}

enum Model : uint32_t { kDirect, kMixed, kLogistic };
constexpr size_t kMostMixed = 1 << 20;

}  // namespace

std::vector<int32_t> ReadIntegers(RangeDecoder& coder, const std::vector<size_t>& dims, size_t count) {
  const uint32_t model = coder.Raw(2);
  const bool is_delta = model == kMixed && coder.Raw(1) == 1;
  const uint32_t variant = coder.Raw(is_delta || model == kLogistic ? 0 : LayoutBits(dims));
  BitModels models(2 * kExpGolombContexts);
  const int64_t centre = Unfold(CodeExpGolomb(coder, models, 0));
  const uint64_t max = model == kMixed ? CodeExpGolomb(coder, models, kExpGolombContexts) : 0;
  const uint32_t bits = model == kMixed ? 0 : coder.Raw(6);
  const uint32_t width = model == kLogistic ? coder.Raw(6) : 0;
  if (model > kLogistic || bits > 32 || max > uint64_t{1} << 31 || (model == kMixed && count > kMostMixed))
    throw DamagedStream();
  std::vector<int32_t> values(count);
  if (count == 0) return values;
  const MatrixLayout layout = is_delta ? LayoutOf({count}, variant) : LayoutOf(dims, variant);
  if (model == kMixed) {
    CodeMixed(coder, values.data(), layout, max);
  } else if (model == kLogistic) {
    CodeLogistic(coder, values, bits, width);
  } else {
    CodeDirect(coder, values.data(), layout, bits);
  }
  for (int32_t& value : values) value = Wrap(value + centre);
  if (is_delta) {
    for (size_t i = 1; i < count; ++i) values[i] = Wrap(int64_t{values[i]} + values[i - 1]);
  }
  return values;
}

}  // namespace gossamer
