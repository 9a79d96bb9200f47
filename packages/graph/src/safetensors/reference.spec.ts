import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSafetensors, serializeSafetensors } from './index.js';

/**
 * Written by the reference library (safetensors 0.8.0, `safetensors.torch.save` of PyTorch 2.13): a tensor of shape [2, 3] of every dtype it can
 * write, made of known bytes, a scalar, an empty tensor and a name with quotes and other scripts. Byte k of the tensor of
 * the i-th dtype is (7 i + 37 k + 3) mod 251.
 */
const bytes = readFileSync(join(__dirname, 'testing/reference.safetensors'));

/** PyTorch's names in the order they were made, and ours. */
const DTYPES = [
  ['bool', 'bool'],
  ['uint8', 'uint8'],
  ['int8', 'int8'],
  ['uint16', 'uint16'],
  ['int16', 'int16'],
  ['uint32', 'uint32'],
  ['int32', 'int32'],
  ['uint64', 'uint64'],
  ['int64', 'int64'],
  ['float16', 'float16'],
  ['bfloat16', 'bfloat16'],
  ['float32', 'float32'],
  ['float64', 'float64'],
  ['complex64', 'complex64'],
  ['float8_e4m3fn', 'float8e4m3fn'],
  ['float8_e4m3fnuz', 'float8e4m3fnuz'],
  ['float8_e5m2', 'float8e5m2'],
  ['float8_e5m2fnuz', 'float8e5m2fnuz'],
  ['float8_e8m0fnu', 'float8e8m0'],
  ['float4_e2m1fn_x2', 'float4e2m1'],
] as const;

describe('a file of the reference library', () => {
  const { tensors, metadata } = parseSafetensors(bytes);

  it.each(DTYPES.map(([name, dtype], i) => [name, dtype, i] as const))('%s is read as %s', (name, dtype, i) => {
    const tensor = tensors.get(`model.${name}`)!;
    // Two numbers of four bits lie in a byte.
    expect(tensor).toMatchObject({ dtype, dims: name.endsWith('_x2') ? [2, 6] : [2, 3] });
    const expected = Array.from({ length: tensor.byteLength }, (_, k) => (7 * i + 37 * k + 3) % 251);
    expect([...tensor.bytes()]).toEqual(name === 'bool' ? [1, 0, 0, 1, 1, 0] : expected);
  });

  it('other shapes, names and strings', () => {
    expect(tensors.get('scalar')).toMatchObject({ dims: [], dtype: 'float32' });
    expect(tensors.get('scalar')!.item()).toBe(1.5);
    expect(tensors.get('empty')).toMatchObject({ dims: [0, 4], length: 0 });
    expect(tensors.get('naïve "name" \\ ☃')!.toIntegers()).toEqual([0, 1, 2]);
    expect(Object.fromEntries(metadata)).toEqual({ format: 'pt', 'made by': 'safetensors 0.8.0' });
    expect(tensors.size).toBe(DTYPES.length + 3);
  });

  it('is written again with the same tensors', () => {
    const again = parseSafetensors(serializeSafetensors({ tensors, metadata }));
    expect(new Set(again.tensors.keys())).toEqual(new Set(tensors.keys()));
    for (const [name, tensor] of tensors) expect(again.tensors.get(name)!.hash()).toBe(tensor.hash());
  });
});
