/** First bytes of formats that are taken for a model, and what they are. */
const SIGNATURES: readonly (readonly [bytes: readonly number[], name: string])[] = [
  [[0x50, 0x4b, 0x03, 0x04], 'a zip archive (.pt, .npz or .keras): export to ONNX or safetensors'],
  [[0x80, 0x02], 'a Python pickle: export to ONNX or safetensors'],
  [[0x80, 0x03], 'a Python pickle: export to ONNX or safetensors'],
  [[0x80, 0x04], 'a Python pickle: export to ONNX or safetensors'],
  [[0x80, 0x05], 'a Python pickle: export to ONNX or safetensors'],
  [[0x1f, 0x8b], 'a gzip archive: unpack it first'],
  [[0x89, 0x48, 0x44, 0x46], 'an HDF5 file (.h5): export to ONNX or safetensors'],
  [[0x47, 0x47, 0x55, 0x46], 'a GGUF file'],
  [[0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59], 'a NumPy array'],
  [[0x76, 0x65, 0x72, 0x73, 0x69, 0x6f, 0x6e, 0x20], 'a Git LFS pointer: fetch the file itself'],
  [[0x3c, 0x21], 'an HTML page'],
  [[0x3c, 0x68, 0x74, 0x6d, 0x6c], 'an HTML page'],
];

/**
 * What a file that begins with `bytes` looks like, when that is a format commonly mistaken for a model.
 *
 * For the message about a file that could not be read: a sound safetensors file may begin with any of these bytes (its header's length).
 */
export function foreignFormat(bytes: Uint8Array): string | undefined {
  return SIGNATURES.find(([signature]) => signature.every((byte, index) => bytes[index] === byte))?.[1];
}
