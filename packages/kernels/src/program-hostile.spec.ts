import { nativeAddon } from './native-call.js';

/** The addon as JavaScript sees it: anything can be passed. */
type Untyped = Record<string, (...args: unknown[]) => unknown>;
const addon = nativeAddon() as unknown as Untyped;

const FLOAT32 = 0;
const INT64 = 4;
const BOOL = 5;
const none = () => new Int32Array(0);

function call(name: string, ...args: unknown[]): unknown {
  return addon[name]!(...args);
}
function operator(program: unknown, type: string, inputs: number[], outputs: number[], ...bodies: unknown[]): unknown {
  const attributes = [[], none(), new Float64Array(0), []];
  return call(
    'programOperator',
    program,
    type,
    Int32Array.from(inputs),
    Int32Array.from(outputs),
    ...attributes,
    ...bodies,
  );
}
/** x -> Identity(x), not finished. */
function building(isBody = false): unknown {
  const program = call('createProgram', isBody);
  call('programInput', program, FLOAT32);
  operator(program, 'Identity', [0], [FLOAT32]);
  return program;
}
function finished(isBody = false): unknown {
  const program = building(isBody);
  call('programFinish', program, Int32Array.of(1));
  return program;
}
const run = (program: unknown, state?: unknown) =>
  call('runProgram', undefined, program, 0, state, Uint8Array.of(1), Float64Array.of(FLOAT32, 1, 1), new Uint8Array(4));
const refusal = (code: string) => expect.objectContaining({ code }) as Error;

/** By name: arguments that fit. */
const CALLS: readonly (readonly [string, () => unknown[]])[] = [
  ['createProgram', () => [false]],
  ['programInput', () => [building(), FLOAT32]],
  ['programConstant', () => [building(), FLOAT32, Float64Array.of(2), new Uint8Array(8), 0]],
  [
    'programOperator',
    () => [
      building(),
      'Softmax',
      Int32Array.of(1),
      Int32Array.of(FLOAT32),
      ['axis'],
      Int32Array.of(1),
      Float64Array.of(0),
      [],
    ],
  ],
  ['programState', () => [building(), 0, 0]],
  ['programFinish', () => [building(), Int32Array.of(1)]],
  ['programNotes', () => [finished()]],
  ['profileProgram', () => [finished(), true]],
  ['createState', () => [finished()]],
  ['resetState', () => [call('createState', finished())]],
  [
    'runProgram',
    () => [undefined, finished(), 0, undefined, Uint8Array.of(1), Float64Array.of(FLOAT32, 1, 1), new Uint8Array(4)],
  ],
  [
    'runProgram',
    () => [
      ...[undefined, finished(), 0, undefined, Uint8Array.of(2), Float64Array.of(FLOAT32, 1, 1)],
      ...[new Uint8Array(4), new Uint8Array(4)],
    ],
  ],
  ['closeProgram', () => [finished()]],
  ['alignedOffset', () => [new ArrayBuffer(8)]],
];

const HOSTILE: readonly (readonly [string, () => unknown])[] = [
  ['undefined', () => undefined],
  ['null', () => null],
  ['NaN', () => NaN],
  ['-1', () => -1],
  ['0.5', () => 0.5],
  ['1e300', () => 1e300],
  ['a bigint', () => 1n],
  ['a text', () => 'Identity'],
  ['a symbol', () => Symbol('x')],
  ['an object', () => ({ length: 3 })],
  ['a hole', () => new Array(3)],
  ['numbers', () => [1, 2, 3]],
  ['a function', () => () => 1],
  ['no bytes', () => new Uint8Array(0)],
  ['wild Int32Array', () => Int32Array.of(-1, 2 ** 31 - 1, -(2 ** 31))],
  ['wild Float64Array', () => Float64Array.of(NaN, -1, 2 ** 53, 1e300, 2.5)],
  ['long dims', () => new Float64Array(9).fill(2 ** 40)],
  ['empty dims', () => Float64Array.of(0, 2 ** 50)],
  ['a detached array', () => detached()],
  ['a program', () => building()],
  ['a finished program', () => finished()],
  ['a body', () => finished(true)],
  ['a closed program', () => closed()],
  ['a state', () => call('createState', finished())],
];

function detached(): Uint8Array {
  const array = new Uint8Array(8);
  structuredClone(array.buffer, { transfer: [array.buffer] });
  return array;
}
function closed(): unknown {
  const program = finished();
  call('closeProgram', program);
  return program;
}

describe('programs called with anything', () => {
  test.each(CALLS)('%s works, or says by a code what it expects', async (name, fitting) => {
    await call(name, ...fitting());
    const count = fitting().length;
    for (let at = 0; at < count; ++at) {
      for (const [what, value] of HOSTILE) {
        const args = fitting();
        args[at] = value();
        let code: unknown = 'ERR_NONE';
        try {
          await call(name, ...args);
        } catch (error) {
          code = (error as { code?: unknown }).code;
        }
        expect([what, at, code]).toEqual([what, at, expect.stringMatching(/^ERR_(?!INTERNAL)/)]);
      }
    }
    for (let length = 0; length < count; ++length) {
      try {
        await call(name, ...fitting().slice(0, length));
      } catch (error) {
        expect(error).toMatchObject({ code: expect.stringMatching(/^ERR_(?!INTERNAL)/) });
      }
    }
  });

  test('a program is no state, and a state no program', () => {
    expect(() => call('resetState', finished())).toThrow(refusal('ERR_WRONG_TYPE'));
    expect(() => run(finished(), finished())).toThrow(refusal('ERR_WRONG_TYPE'));
    expect(() => call('programNotes', call('createState', finished()))).toThrow(refusal('ERR_WRONG_TYPE'));
  });

  test('profiling begins when all operators are there', async () => {
    const program = building();
    expect(() => call('profileProgram', program, true)).toThrow(refusal('ERR_ENGINE_PROGRAM'));
    for (let i = 1; i < 1000; ++i) operator(program, 'Identity', [i], [FLOAT32]);
    call('programFinish', program, Int32Array.of(1000));
    await run(program);
  });

  test('a body reads behind its inputs, so it is not fed by JavaScript', () => {
    expect(() => run(finished(true))).toThrow(refusal('ERR_ENGINE_PROGRAM'));
  });

  test('an element of a list that closes the program or moves an array away finds nothing to break', () => {
    for (const at of [4, 7]) {
      const program = building();
      const args = [program, 'Identity', Int32Array.of(0), Int32Array.of(FLOAT32), [], none(), new Float64Array(0), []];
      const list = ['x', 'y'];
      Object.defineProperty(list, 0, { get: () => (call('closeProgram', program), 'x') });
      args[at] = list;
      expect(() => call('programOperator', ...args)).toThrow(refusal('ERR_ENGINE_PROGRAM'));
    }
    const inputs = new Int32Array(1 << 16);
    const names = ['x'];
    Object.defineProperty(names, 0, {
      get: () => (structuredClone(inputs.buffer, { transfer: [inputs.buffer] }), 'x'),
    });
    const args = [
      building(),
      'Identity',
      inputs,
      Int32Array.of(FLOAT32),
      names,
      Int32Array.of(0),
      new Float64Array(0),
      [],
    ];
    expect(() => call('programOperator', ...args)).toThrow(refusal('ERR_DETACHED_BUFFER'));
  });

  test('bodies within bodies end somewhere', () => {
    const nest = (): void => {
      let body = call('createProgram', true);
      for (const type of [INT64, BOOL, FLOAT32]) call('programInput', body, type);
      call('programFinish', body, Int32Array.of(1, 2));
      for (let depth = 0; depth < 1000; ++depth) {
        const outer = call('createProgram', true);
        for (const type of [INT64, BOOL, FLOAT32]) call('programInput', outer, type);
        const attributes = [['states'], Int32Array.of(1), Float64Array.of(1), []];
        call('programOperator', outer, 'Loop', Int32Array.of(0, 1, 2), Int32Array.of(FLOAT32), ...attributes, body);
        call('programFinish', outer, Int32Array.of(1, 3));
        body = outer;
      }
    };
    expect(nest).toThrow(refusal('ERR_ENGINE_PROGRAM'));
  });

  test('without elements there is nothing to do, however many there would be of other axes', async () => {
    const program = call('createProgram', false);
    call('programInput', program, FLOAT32);
    call('programConstant', program, INT64, new Float64Array(0), new Uint8Array(8), 0);
    operator(program, 'CumSum', [0, 1], [FLOAT32]);
    call('programFinish', program, Int32Array.of(2));
    const dims = Float64Array.of(FLOAT32, 3, 0, 2 ** 20, 2 ** 20);
    const [header] = (await call(
      'runProgram',
      undefined,
      program,
      0,
      undefined,
      Uint8Array.of(1),
      dims,
      new Uint8Array(0),
    )) as [Float64Array];
    expect(header).toEqual(dims);
  });

  test('a constant without elements has no axes that cost anything', () => {
    const args = [FLOAT32, Float64Array.of(0, 2 ** 40), new Uint8Array(0), 0];
    expect(() => call('programConstant', building(), ...args)).toThrow(refusal('ERR_ENGINE_SHAPE'));
  });
});
