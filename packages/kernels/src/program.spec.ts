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
    const code = (expected: string) => expect.objectContaining({ code: expected }) as Error;
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

describe('control flow', () => {
  const scalar = (dtype: 'bool' | 'int64', value: number) => ({
    dtype,
    dims: [],
    bytes: dtype === 'bool' ? Uint8Array.of(value) : new Uint8Array(BigInt64Array.of(BigInt(value)).buffer),
  });

  test('If runs the branch of its condition over what it captures', async () => {
    const branch = (pick: 0 | 1) => {
      const body = new ProgramBuilder('body');
      const captures = [body.input('float32'), body.input('float32')];
      return body.finish(body.operator('Identity', [captures[pick]], ['float32']));
    };
    const builder = new ProgramBuilder();
    const inputs = [builder.input('bool'), builder.input('float32'), builder.input('float32')];
    const program = builder.finish(builder.operator('If', inputs, ['float32'], {}, [branch(0), branch(1)]));
    const a = { dtype: 'float32', dims: [2], bytes: bytesOf([1, 2]) } as const;
    const b = { dtype: 'float32', dims: [3], bytes: bytesOf([3, 4, 5]) } as const;
    for (const take of [1, 0, 1]) {
      const [y] = await program.run([scalar('bool', take), a, b]);
      expect(y).toEqual(take ? a : b);
    }
  });

  test('Loop carries states, swaps them, and stacks what it scans', async () => {
    const body = new ProgramBuilder('body');
    const [iteration, condition, a, b] = [
      body.input('int64'),
      body.input('bool'),
      body.input('float32'),
      body.input('float32'),
    ];
    const loop = body.finish([condition!, b!, a!, iteration!]);
    const builder = new ProgramBuilder();
    const trips = builder.input('int64');
    const [first, second] = [builder.input('float32'), builder.input('float32')];
    const outputs = builder.operator(
      'Loop',
      [trips, undefined, first, second],
      ['float32', 'float32', 'int64'],
      { states: 2 },
      [loop],
    );
    const program = builder.finish(outputs);
    const one = { dtype: 'float32', dims: [1], bytes: bytesOf([1]) } as const;
    const two = { dtype: 'float32', dims: [2], bytes: bytesOf([2, 2]) } as const;
    for (const count of [3, 4, 0]) {
      const [x, y, scan] = await program.run([scalar('int64', count), one, two]);
      expect([x, y]).toEqual(count % 2 === 0 ? [one, two] : [two, one]);
      expect(scan!.dims).toEqual([count]);
      expect([...new BigInt64Array(scan!.bytes.buffer)].map(Number)).toEqual(
        Array.from({ length: count }, (_, i) => i),
      );
    }
  });

  test('a loop that never ends is stopped by its signal', async () => {
    const body = new ProgramBuilder('body');
    const [, condition] = [body.input('int64'), body.input('bool')];
    const builder = new ProgramBuilder();
    const trips = builder.input('int64');
    const state = builder.input('float32');
    const carried = body.input('float32');
    const program = builder.finish(
      builder.operator('Loop', [trips, undefined, state], ['float32'], { states: 1 }, [
        body.finish([condition!, carried]),
      ]),
    );
    const first = { dtype: 'float32', dims: [], bytes: bytesOf([1]) } as const;
    const feeds = [scalar('int64', Number.MAX_SAFE_INTEGER), first];
    // That runs of these sizes were short says nothing of the next.
    for (let run = 0; run < 3; ++run) await program.run([scalar('int64', 1), first]);
    await expect(program.run(feeds, { signal: AbortSignal.timeout(50) })).rejects.toMatchObject({
      name: 'TimeoutError',
    });
  });
});

describe('state', () => {
  test('carried inputs are what the outputs of the run before were, across growth, reset and copies', async () => {
    const builder = new ProgramBuilder();
    const [a, b, c] = [builder.input('float32'), builder.input('float32'), builder.input('float32')];
    // b := a, c := b: views, so that one buffer has several names.
    const program = (() => {
      const [first] = builder.operator('Identity', [a], ['float32']);
      const [second] = builder.operator('Identity', [b], ['float32']);
      builder.state(1, 0);
      builder.state(2, 1);
      return builder.finish([first!, second!, c!]);
    })();
    const feed = (values: number[]) => ({ dtype: 'float32', dims: [values.length], bytes: bytesOf(values) }) as const;
    const state = program.createState();
    await expect(program.run([feed([1]), undefined, undefined], { state })).rejects.toMatchObject({
      code: 'ERR_ENGINE_FEEDS',
    });
    const [, , first] = await program.run([feed([1]), feed([8, 8]), feed([9])], { state });
    expect(first).toEqual(feed([9]));
    const [, , second] = await program.run([feed([2, 2, 2]), undefined, undefined], { state });
    expect(second).toEqual(feed([8, 8]));
    const [, , third] = await program.run([feed([3]), undefined, undefined], { state, wanted: [false, false, true] });
    expect(third).toEqual(feed([1]));
    const [none, , fourth] = await program.run([feed([4]), undefined, undefined], { state, wanted: [false] });
    expect([none, fourth]).toEqual([undefined, feed([2, 2, 2])]);
    // Of other sizes than before, so that it is not made at once.
    const both = program.run([feed([4, 4, 4, 4]), undefined, undefined], { state });
    await expect(program.run([feed([4, 4, 4, 4]), undefined, undefined], { state })).rejects.toMatchObject({
      code: 'ERR_ENGINE_PROGRAM',
    });
    await both;
    state.reset();
    await expect(program.run([feed([1]), undefined, undefined], { state })).rejects.toMatchObject({
      code: 'ERR_ENGINE_FEEDS',
    });
  });
});
