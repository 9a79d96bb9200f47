import { type DType, isFloat, Tensor } from '@gossamer/graph';

/** An .npy file: its header, then the elements. */
export interface NpyParts {
  readonly header: Uint8Array;
  readonly data: Uint8Array;
}

const DESCRIPTIONS: Partial<Record<DType, string>> = {
  bool: '|b1',
  int8: '|i1',
  uint8: '|u1',
  int16: '<i2',
  uint16: '<u2',
  int32: '<i4',
  uint32: '<u4',
  int64: '<i8',
  uint64: '<u8',
  float16: '<f2',
  float32: '<f4',
  float64: '<f8',
  complex64: '<c8',
  complex128: '<c16',
};

/** numpy starts the elements at a multiple of this. */
const ALIGNMENT = 64;
/** Bytes of a character of UTF-32. */
const CHARACTER = 4;

/**
 * A tensor as .npy, version 1, row-major. What numpy has no type for is stored exactly in a wider one: bfloat16 and narrower floats as
 * float32, integers below 8 bits as int8 or uint8; text as UTF-32 of one width. Source: numpy.lib.format, "Format specification".
 */
export function encodeNpy(tensor: Tensor): NpyParts {
  if (tensor.dtype === 'string') return encodeText(tensor);
  const stored = numpyTensor(tensor);
  return { header: headerOf(DESCRIPTIONS[stored.dtype]!, tensor.dims), data: stored.bytes() };
}

function numpyTensor(tensor: Tensor): Tensor {
  const { dtype, dims } = tensor;
  if (DESCRIPTIONS[dtype] !== undefined) return tensor;
  if (isFloat(dtype)) return Tensor.of('float32', dims, tensor.toFloat32());
  return Tensor.fromNumbers(dtype.startsWith('u') ? 'uint8' : 'int8', dims, tensor.toIntegers());
}

function encodeText(tensor: Tensor): NpyParts {
  const texts = tensor.strings().map((bytes) => Array.from(new TextDecoder().decode(bytes)));
  const width = texts.reduce((most, characters) => Math.max(most, characters.length), 1);
  const data = new Uint8Array(texts.length * width * CHARACTER);
  const view = new DataView(data.buffer);
  texts.forEach((characters, i) => {
    characters.forEach((character, at) =>
      view.setUint32((i * width + at) * CHARACTER, character.codePointAt(0)!, true),
    );
  });
  return { header: headerOf(`<U${width}`, tensor.dims), data };
}

function headerOf(description: string, dims: readonly number[]): Uint8Array {
  const shape = dims.length === 1 ? `${dims[0]},` : dims.join(', ');
  const text = `{'descr': '${description}', 'fortran_order': False, 'shape': (${shape}), }`;
  const prefix = Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, 0, 0]);
  const length = Math.ceil((prefix.length + text.length + 1) / ALIGNMENT) * ALIGNMENT - prefix.length;
  prefix.writeUInt16LE(length, 8);
  return Buffer.concat([prefix, Buffer.from(`${text.padEnd(length - 1)}\n`, 'latin1')]);
}
