import { operatorTypes, ProgramBuilder } from './program.js';

const bytesOf = (values: number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);

describe('Program', () => {
  test('an input comes out of Identity as it went in, and is a copy', async () => {
    const builder = new ProgramBuilder();
    const x = builder.input('float32');
    const [y] = builder.operator('Identity', [x], ['float32']);
    const program = builder.finish([y!, x]);
    const bytes = bytesOf([1, 2, 3, 4, 5, 6]);
    for (let run = 0; run < 5; ++run) {
      const [first, second] = await program.run([{ dtype: 'float32', dims: [2, 3], bytes }]);
      expect(first).toEqual({ dtype: 'float32', dims: [2, 3], bytes });
      expect(second).toEqual(first);
    }
    program.dispose();
    await expect(program.run([])).rejects.toMatchObject({ code: 'ERR_ENGINE_PROGRAM' });
  });

  test('constants, empty tensors and scalars pass through', async () => {
    const builder = new ProgramBuilder();
    const x = builder.input('int64');
    const c = builder.constant('float32', [], bytesOf([7]));
    const program = builder.finish([c, x]);
    const [scalar, empty] = await program.run([{ dtype: 'int64', dims: [0, 4], bytes: new Uint8Array(0) }]);
    expect(scalar).toEqual({ dtype: 'float32', dims: [], bytes: bytesOf([7]) });
    expect(empty).toEqual({ dtype: 'int64', dims: [0, 4], bytes: new Uint8Array(0) });
  });

  test('many runs at the same time do not disturb one another', async () => {
    const builder = new ProgramBuilder();
    const x = builder.input('float32');
    const program = builder.finish(builder.operator('Identity', [x], ['float32']));
    const runs = Array.from({ length: 40 }, async (_, i) => {
      const bytes = bytesOf(Array.from({ length: 50 + i }, () => i));
      const [y] = await program.run([{ dtype: 'float32', dims: [50 + i], bytes }]);
      expect(y!.bytes).toEqual(bytes);
    });
    await Promise.all(runs);
  });

  test('what does not fit is refused by code', async () => {
    const builder = new ProgramBuilder();
    const x = builder.input('float32');
    const code = (expected: string): unknown => expect.objectContaining({ code: expected });
    expect(() => builder.operator('Nonsense', [x], ['float32'])).toThrow(code('ERR_ENGINE_PROGRAM'));
    expect(() => builder.operator('Identity', [9], ['float32'])).toThrow(code('ERR_ENGINE_PROGRAM'));
    expect(() => builder.input('string')).toThrow(code('ERR_ENGINE_TYPE'));
    expect(() => builder.constant('float32', [3], bytesOf([1]))).toThrow(code('ERR_WRONG_LENGTH'));
    const program = builder.finish([x]);
    expect(() => builder.input('float32')).toThrow(code('ERR_ENGINE_PROGRAM'));
    await expect(program.run([])).rejects.toMatchObject({ code: 'ERR_ENGINE_FEEDS' });
    const wrong = { dtype: 'int32', dims: [1], bytes: new Uint8Array(4) } as const;
    await expect(program.run([wrong])).rejects.toMatchObject({ code: 'ERR_ENGINE_FEEDS' });
    await expect(program.run([wrong], { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' });
  });

  test('the types of operators are known', () => {
    expect(operatorTypes().has('Identity')).toBe(true);
  });
});
