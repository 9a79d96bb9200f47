#include "encode/decode_tensor.h"

#include <algorithm>
#include <cstring>
#include <iterator>

#include "encode/bit_models.h"
#include "encode/integers.h"
#include "encode/rans.h"

namespace gossamer {

uint32_t ElementBits(int32_t type) {
  constexpr uint8_t kBits[kLastElementType + 1] = {0,  32, 8,  8,   16, 16, 32, 64, 0, 8, 16, 64, 32, 64, 64,
                                                   128, 16, 8, 8, 8,  8,  4,  4,  4,  8, 2, 2,  6,  6};
  return type < 0 || type > kLastElementType ? 0 : kBits[type];
}

namespace {

// How an element of a floating type is cut, from its highest bit down: float-parts.ts.
struct FloatParts {
  size_t width;
  uint32_t high_bits, middle_bits;
  size_t LowPlanes() const { return width - (high_bits + middle_bits) / 8; }
};

// Throws for other types.
FloatParts PartsOf(const TensorSpec& spec) {
  switch (spec.Type()) {
    case ElementType::kFloat32: return {4, 9, 7};
    case ElementType::kFloat16: return {2, 6, 2};
    case ElementType::kBfloat16: return {2, 9, 7};
    case ElementType::kFloat64: return {8, 12, 4};
    default: throw DamagedStream();
  }
}

void Store32(uint8_t* out, uint32_t word) {
  for (int k = 0; k < 4; ++k) out[k] = static_cast<uint8_t>(word >> 8 * k);
}

void DecodeRaw(Bytes body, const TensorSpec& spec, uint8_t* out) {
  if (body.length != spec.ByteLength()) throw DamagedStream();
  if (body.length > 0) std::memcpy(out, body.data, body.length);
}

void DecodeConstant(Bytes body, const TensorSpec& spec, uint8_t* out) {
  RangeDecoder coder(body.data, body.length);
  const size_t length = spec.ByteLength();
  if (coder.Raw(1) == 1) {
    if (length > 0) std::memset(out, 0, length);
    return;
  }
  uint8_t element[16];
  const size_t width = (ElementBits(spec.type) + 7) / 8;
  for (size_t i = 0; i < width; ++i) element[i] = static_cast<uint8_t>(coder.Raw(8));
  for (size_t i = 0; i < length; ++i) out[i] = element[i % width];
}

void StoreCodes(const std::vector<int32_t>& codes, const TensorSpec& spec, uint8_t* out) {
  const uint32_t bits = ElementBits(spec.type);
  if (bits < 8) {
    const uint32_t each = 8 / bits, mask = (1u << bits) - 1;
    std::memset(out, 0, spec.ByteLength());
    for (size_t i = 0; i < codes.size(); ++i)
      out[i / each] |= static_cast<uint8_t>((static_cast<uint32_t>(codes[i]) & mask) << (bits * (i % each)));
    return;
  }
  const size_t width = bits / 8;
  for (size_t i = 0; i < codes.size(); ++i) {
    const uint64_t high = spec.Type() == ElementType::kInt64 && codes[i] < 0 ? 0xffffffff00000000u : 0;
    const uint64_t word = static_cast<uint32_t>(codes[i]) | high;
    for (size_t k = 0; k < width; ++k) out[i * width + k] = static_cast<uint8_t>(word >> 8 * k);
  }
}

bool HasCodes(int32_t type) {
  const uint32_t bits = ElementBits(type);
  if (bits <= 8) return bits != 6;
  // uint16, int16, int32, int64, uint32, uint64.
  return (type >= 4 && type <= 7) || type == 12 || type == 13;
}

void DecodeIntegers(Bytes body, const TensorSpec& spec, uint8_t* out) {
  if (!HasCodes(spec.type)) throw DamagedStream();
  RangeDecoder coder(body.data, body.length);
  const std::vector<int32_t> codes = ReadIntegers(coder, spec.dims, spec.count);
  if (!codes.empty()) StoreCodes(codes, spec, out);
}

float ReadScale(RangeDecoder& coder) {
  const uint32_t exponent = coder.Raw(8);
  if (exponent == 255) throw DamagedStream();
  const uint32_t zeros = coder.Raw(5), kept = zeros < 23 ? 23 - zeros : 0;
  const uint32_t bits = exponent << 23 | ((coder.Raw(kept) << (23 - kept)) & 0x7fffff);
  float scale;
  std::memcpy(&scale, &bits, sizeof scale);
  return scale;
}

void StoreScaled(uint8_t* out, int32_t level, float scale) {
  const auto value = static_cast<float>(static_cast<double>(level) * static_cast<double>(scale));
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  Store32(out, bits);
}

void DecodeScaled(Bytes body, const TensorSpec& spec, uint8_t* out) {
  if (spec.Type() != ElementType::kFloat32) throw DamagedStream();
  RangeDecoder coder(body.data, body.length);
  const float scale = ReadScale(coder);
  const std::vector<int32_t> levels = ReadIntegers(coder, spec.dims, spec.count);
  for (size_t i = 0; i < levels.size(); ++i) StoreScaled(out + 4 * i, levels[i], scale);
}

void DecodeScaledAxis(Bytes body, const TensorSpec& spec, uint8_t* out) {
  if (spec.Type() != ElementType::kFloat32) throw DamagedStream();
  RangeDecoder coder(body.data, body.length);
  const uint32_t choice = coder.Raw(2);
  const size_t rank = spec.dims.size(), axis = choice < 2 ? choice : rank == 0 ? 0 : rank - 1;
  const size_t channels = axis < rank ? spec.dims[axis] : 1;
  if (channels > spec.count) throw DamagedStream();
  std::vector<float> scales(channels);
  for (float& scale : scales) scale = ReadScale(coder);
  const std::vector<int32_t> levels = ReadIntegers(coder, spec.dims, spec.count);
  size_t stride = 1;
  for (size_t i = axis + 1; i < rank; ++i) stride *= spec.dims[i];
  for (size_t i = 0; i < levels.size(); ++i) StoreScaled(out + 4 * i, levels[i], scales[i / stride % channels]);
}

void DecodeTable(Bytes body, const TensorSpec& spec, uint8_t* out) {
  constexpr uint64_t kMaxEntries = 4096;
  const uint32_t bits = ElementBits(spec.type);
  if (bits != 16 && bits != 32) throw DamagedStream();
  RangeDecoder coder(body.data, body.length);
  BitModels models(2 * kExpGolombContexts);
  const uint64_t count = CodeExpGolomb(coder, models, 0);
  if (count > kMaxEntries) throw DamagedStream();
  std::vector<uint64_t> keys(static_cast<size_t>(count));
  uint64_t next = 0;
  for (uint64_t& key : keys) {
    key = next + CodeExpGolomb(coder, models, kExpGolombContexts);
    if (key >= uint64_t{1} << bits) throw DamagedStream();
    next = key + 1;
  }
  const std::vector<int32_t> indices = ReadIntegers(coder, spec.dims, spec.count);
  const uint64_t half = uint64_t{1} << (bits - 1);
  for (size_t i = 0; i < indices.size(); ++i) {
    if (indices[i] < 0 || static_cast<size_t>(indices[i]) >= keys.size()) throw DamagedStream();
    const uint64_t key = keys[static_cast<size_t>(indices[i])];
    const uint64_t word = key >= half ? key - half : 2 * half - 1 - key;
    for (size_t k = 0; k < bits / 8; ++k) out[i * (bits / 8) + k] = static_cast<uint8_t>(word >> 8 * k);
  }
}

// `count` elements from the body of planes.
void DecodePlanes(Bytes body, const FloatParts& parts, size_t count, uint8_t* out) {
  ByteReader reader(body);
  const uint8_t raw_planes = *reader.Take(1).data;
  const size_t width = parts.width, low_planes = parts.LowPlanes();
  Bytes raw[8] = {};
  for (size_t k = 0; k < low_planes; ++k) {
    if (raw_planes >> k & 1) raw[k] = reader.Take(count);
  }
  const Bytes coded = reader.Rest();
  CheckSymbols(static_cast<double>(parts.high_bits + parts.middle_bits) * static_cast<double>(count), coded.length);
  RangeDecoder coder(coded.data, coded.length);
  BitModels high(size_t{1} << parts.high_bits), middle(size_t{1} << parts.middle_bits);
  std::vector<BitModels> low(low_planes, BitModels(256));
  for (size_t i = 0; i < count; ++i) {
    uint8_t* element = out + i * width;
    const uint32_t upper = high.CodeTree(coder, 0, parts.high_bits);
    const uint32_t word = upper << parts.middle_bits | middle.CodeTree(coder, 0, parts.middle_bits);
    if (parts.high_bits > 8) {
      element[width - 1] = static_cast<uint8_t>(word >> 8);
      element[width - 2] = static_cast<uint8_t>(word);
    } else {
      element[width - 1] = static_cast<uint8_t>(word);
    }
    for (size_t k = low_planes; k-- > 0;)
      element[k] = raw_planes >> k & 1 ? raw[k].data[i] : static_cast<uint8_t>(low[k].CodeTree(coder, 0, 8));
  }
}

void DecodePlanesForm(Bytes body, const TensorSpec& spec, uint8_t* out) {
  DecodePlanes(body, PartsOf(spec), spec.count, out);
}

void DecodeMasked(Bytes body, const TensorSpec& spec, uint8_t* out) {
  const FloatParts parts = PartsOf(spec);
  ByteReader reader(body);
  const Bytes coded = reader.Take(reader.Varint());
  CheckSymbols(static_cast<double>(spec.count), coded.length);
  RangeDecoder coder(coded.data, coded.length);
  const std::vector<int32_t> mask = ReadIntegers(coder, spec.dims, spec.count);
  size_t kept = 0;
  for (const int32_t bit : mask) kept += bit != 0;
  std::vector<uint8_t> rest(kept * parts.width);
  DecodePlanes(reader.Rest(), parts, kept, rest.data());
  const uint8_t* from = rest.data();
  for (size_t i = 0; i < mask.size(); ++i) {
    if (mask[i] != 0) {
      std::memcpy(out + i * parts.width, from, parts.width);
      from += parts.width;
    } else {
      std::memset(out + i * parts.width, 0, parts.width);
    }
  }
}

void DecodeBytes(Bytes body, const TensorSpec& spec, uint8_t* out) {
  constexpr size_t kMinBytes = 64;
  if (spec.ByteLength() < kMinBytes) throw DamagedStream();
  RangeDecoder coder(body.data, body.length);
  BitModels models(256 * 256);
  uint32_t last = 0;
  for (size_t i = 0, length = spec.ByteLength(); i < length; ++i)
    out[i] = static_cast<uint8_t>(last = models.CodeTree(coder, size_t{last} << 8, 8));
}

// Elements of `width` bytes, little-endian, a bit to the right; the lowest becomes the highest.
void TurnBack(uint8_t* bytes, size_t count, size_t width) {
  for (size_t i = 0; i < count; ++i) {
    uint8_t* element = bytes + i * width;
    uint8_t carry = static_cast<uint8_t>((element[0] & 1) << 7);
    for (size_t k = width; k-- > 0;) {
      const uint8_t byte = element[k];
      element[k] = static_cast<uint8_t>(byte >> 1 | carry);
      carry = static_cast<uint8_t>((byte & 1) << 7);
    }
  }
}

void DecodeBlocks(Bytes body, const TensorSpec& spec, uint8_t* out) {
  constexpr size_t kBlock = 1 << 18;
  const uint32_t bits = ElementBits(spec.type);
  const size_t width = bits < 8 ? 1 : bits / 8, count = spec.ByteLength() / width;
  if (body.length < 17 * width * (count / kBlock)) throw DamagedStream();
  const ElementType type = spec.Type();
  const bool is_turned = type == ElementType::kFloat32 || type == ElementType::kFloat64 || type == ElementType::kBfloat16;
  ByteReader reader(body);
  for (size_t start = 0; start < count; start += kBlock) {
    uint8_t* block = out + start * width;
    const size_t elements = std::min(kBlock, count - start);
    for (size_t k = 0; k < width; ++k) {
      const uint64_t length = reader.Varint();
      if (length > 0) {
        DecodeRans(reader.Take(length), block + k, elements, width);
      } else {
        const uint8_t* plane = reader.Take(elements).data;
        for (size_t i = 0; i < elements; ++i) block[i * width + k] = plane[i];
      }
    }
    if (is_turned) TurnBack(block, elements, width);
  }
  if (reader.Rest().length > 0) throw DamagedStream();
}

using DecodeFn = void(Bytes body, const TensorSpec& spec, uint8_t* out);

struct Form {
  DecodeFn* decode;
  // Decisions an element and a byte of the tensor takes at least, by a coder of the whole body.
  uint32_t decisions_of_element, decisions_of_byte;
};

// By the byte that names them: registry.ts.
constexpr Form kForms[] = {
    {DecodeRaw, 0, 0},       {DecodeConstant, 0, 0},   {DecodeIntegers, 1, 0}, {DecodeScaled, 1, 0},
    {DecodeScaledAxis, 1, 0}, {DecodeTable, 1, 0},      {DecodePlanesForm, 0, 0}, {DecodeMasked, 0, 0},
    {DecodeBytes, 0, 8},     {DecodeBlocks, 0, 0},
};

}  // namespace

bool DecodeTensor(const uint8_t* stream, size_t length, const TensorSpec& spec, uint8_t* out) {
  if (length == 0 || stream[0] >= std::size(kForms)) return false;
  const Form& form = kForms[stream[0]];
  const Bytes body{stream + 1, length - 1};
  try {
    CheckSymbols(form.decisions_of_element * static_cast<double>(spec.count) +
                     form.decisions_of_byte * static_cast<double>(spec.ByteLength()),
                 body.length);
    form.decode(body, spec, out);
    return true;
  } catch (const DamagedStream&) {
    return false;
  }
}

}  // namespace gossamer
