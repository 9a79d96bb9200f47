import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type DType, dtypeBits } from '../dtype.js';
import { Tensor } from '../ir/tensor.js';
import { errorCode, rejectionCode } from '../testing/error-code.js';
import { useTempDir } from '../testing/temp-dir.js';
import { loadSafetensors, parseSafetensors, saveSafetensors, serializeSafetensors } from './index.js';

/** A file with this header text and `dataBytes` bytes 0, 1, 2, ... */
function fileOf(header: string, dataBytes: number): Uint8Array {
  const text = Buffer.from(header, 'utf8');
  const bytes = Buffer.alloc(8 + text.byteLength + dataBytes);
  bytes.writeBigUInt64LE(BigInt(text.byteLength));
  text.copy(bytes, 8);
  for (let i = 0; i < dataBytes; i++) bytes[8 + text.byteLength + i] = i;
  return bytes;
}

const entry = (dtype: string, shape: readonly number[], start: number, end: number) =>
  JSON.stringify({ dtype, shape, data_offsets: [start, end] });

describe('parseSafetensors', () => {
  it('reads a file as the format describes it', () => {
    const header = `{"__metadata__":{"format":"pt","\\u00e9\\"":"x"},"b":${entry('U8', [2, 1], 4, 6)},"a":${entry('F32', [], 0, 4)},"none":${entry('I64', [0, 3], 6, 6)}}   `;
    const { tensors, metadata } = parseSafetensors(fileOf(header, 6));
    expect([...metadata]).toEqual([
      ['format', 'pt'],
      ['é"', 'x'],
    ]);
    expect([...tensors.keys()]).toEqual(['b', 'a', 'none']);
    expect(tensors.get('b')).toMatchObject({ dtype: 'uint8', dims: [2, 1] });
    expect([...tensors.get('b')!.bytes()]).toEqual([4, 5]);
    expect([...tensors.get('a')!.bytes()]).toEqual([0, 1, 2, 3]);
    expect(tensors.get('a')!.dims).toEqual([]);
    expect(tensors.get('none')).toMatchObject({ dims: [0, 3], length: 0, byteLength: 0 });
  });

  it.each<[string, DType]>([
    ['BOOL', 'bool'],
    ['U8', 'uint8'],
    ['I8', 'int8'],
    ['U16', 'uint16'],
    ['I16', 'int16'],
    ['U32', 'uint32'],
    ['I32', 'int32'],
    ['U64', 'uint64'],
    ['I64', 'int64'],
    ['F16', 'float16'],
    ['BF16', 'bfloat16'],
    ['F32', 'float32'],
    ['F64', 'float64'],
    ['C64', 'complex64'],
    ['F8_E4M3', 'float8e4m3fn'],
    ['F8_E4M3FNUZ', 'float8e4m3fnuz'],
    ['F8_E5M2', 'float8e5m2'],
    ['F8_E5M2FNUZ', 'float8e5m2fnuz'],
    ['F8_E8M0', 'float8e8m0'],
    ['F4', 'float4e2m1'],
  ])('reads and writes %s as %s', (name, dtype) => {
    const byteLength = (4 * dtypeBits(dtype)) / 8;
    const file = fileOf(`{"w":${entry(name, [2, 2], 0, byteLength)}}`, byteLength);
    const tensor = parseSafetensors(file).tensors.get('w')!;
    expect(tensor.dtype).toBe(dtype);
    const written = serializeSafetensors({ tensors: new Map([['w', tensor]]) });
    const again = parseSafetensors(written).tensors.get('w')!;
    expect(again.hash()).toBe(tensor.hash());
    expect(Buffer.from(written).includes(`"dtype":"${name}"`)).toBe(true);
  });

  it('keeps to the limits it is given', () => {
    const two = fileOf(`{"a":${entry('U8', [1], 0, 1)},"b":${entry('U8', [1], 1, 2)}}`, 2);
    const code = (limits: object) => errorCode(() => parseSafetensors(two, { limits }));
    expect(code({ maxEntries: 2, maxRank: 1, maxHeaderBytes: 200 })).toBeUndefined();
    expect(code({ maxEntries: 1 })).toBe('ERR_ENTRY_BUDGET');
    expect(code({ maxHeaderBytes: 20 })).toBe('ERR_HEADER_LENGTH');
    expect(code({ maxStringBytes: 20 })).toBe('ERR_STRING_LENGTH');
    expect(code({ maxRank: 0 })).toBe('ERR_SAFETENSORS_HEADER');
  });
});

describe('safetensors files', () => {
  const directory = useTempDir();
  const at = (name: string) => join(directory(), name);
  const weights = () =>
    new Map([
      ['0', Tensor.of('int8', [3], Int8Array.of(1, -2, 3))],
      ['wide', Tensor.of('float64', [1], Float64Array.of(Math.PI))],
      ['b', Tensor.of('float32', [2, 2], Float32Array.of(1, 2, 3, NaN))],
      ['a', Tensor.of('float32', [1, 2], Float32Array.of(-0, 5))],
    ]);

  it('are written aligned, in one order whatever the order of the tensors, and read back bit for bit', async () => {
    const metadata = new Map([
      ['2', 'b'],
      ['1', 'a'],
    ]);
    await saveSafetensors(at('w'), { tensors: weights(), metadata });
    const bytes = readFileSync(at('w'));
    const length = Number(bytes.readBigUInt64LE());
    expect(length % 8).toBe(0);
    const header = JSON.parse(bytes.toString('utf8', 8, 8 + length)) as Record<string, { data_offsets: number[] }>;
    expect(header['wide']!.data_offsets).toEqual([0, 8]);
    expect(header['a']!.data_offsets).toEqual([8, 16]);
    expect(header['b']!.data_offsets).toEqual([16, 32]);
    expect(header['0']!.data_offsets).toEqual([32, 35]);
    expect(bytes.byteLength).toBe(8 + length + 35);
    const reversed = new Map([...weights()].reverse());
    expect(Buffer.from(serializeSafetensors({ tensors: reversed, metadata })).equals(bytes)).toBe(true);

    const file = await loadSafetensors(at('w'));
    expect([...file.metadata]).toEqual([...metadata]);
    for (const [name, tensor] of weights()) expect(file.tensors.get(name)!.hash()).toBe(tensor.hash());
    file.close();
    expect(errorCode(() => file.tensors.get('a')!.bytes())).toBe('ERR_SOURCE_CLOSED');
    expect(readdirSync(directory())).toEqual(['w']);
  });

  it('may be written over while they are read from', async () => {
    await saveSafetensors(at('w'), { tensors: weights() });
    const file = await loadSafetensors(at('w'));
    const more = new Map([...file.tensors, ['more', Tensor.of('uint8', [1], Uint8Array.of(7))]]);
    await saveSafetensors(at('w'), { tensors: more });
    file.close();
    const again = await loadSafetensors(at('w'));
    expect(again.tensors.size).toBe(5);
    for (const [name, tensor] of weights()) expect(again.tensors.get(name)!.hash()).toBe(tensor.hash());
    again.close();
  });

  it('are read lazily', async () => {
    const header = `{"big":${entry('U8', [2 ** 33], 0, 2 ** 33)}}`;
    const head = fileOf(header, 0);
    writeFileSync(at('sparse'), head);
    // A hole of 8 GiB: were it read, this test would not end.
    truncateSync(at('sparse'), head.byteLength + 2 ** 33);
    const file = await loadSafetensors(at('sparse'));
    const tensor = file.tensors.get('big')!;
    expect(tensor.isInFile).toBe(true);
    expect([...tensor.bytes(2 ** 33 - 2, 2 ** 33)]).toEqual([0, 0]);
    expect(statSync(at('sparse')).size).toBe(head.byteLength + 2 ** 33);
    file.close();
  });

  it('refuse what the format cannot hold', async () => {
    const save = (name: string, tensor: Tensor) => saveSafetensors(at('w'), { tensors: new Map([[name, tensor]]) });
    expect(await rejectionCode(save('w', Tensor.of('int4', [2], Uint8Array.of(0))))).toBe('ERR_DTYPE');
    expect(await rejectionCode(save('w', Tensor.ofStrings([1], [new Uint8Array(1)])))).toBe('ERR_DTYPE');
    expect(await rejectionCode(save('w', Tensor.of('float4e2m1', [1], Uint8Array.of(0))))).toBe('ERR_TENSOR_SHAPE');
    expect(await rejectionCode(save('__metadata__', Tensor.scalar('int8', 1)))).toBe('ERR_RESERVED_NAME');
    expect(readdirSync(directory())).toEqual([]);
  });
});
