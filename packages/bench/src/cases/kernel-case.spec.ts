import { operationsOf, parseShapes, readShapes } from './kernel-case.js';

const parse = (...groups: object[]) => parseShapes({ groups }, 'test.json');

describe('shapes files', () => {
  it('holds the cases that the project promises something about', () => {
    const names = new Set(readShapes('kernels').map(({ name }) => name));
    for (const shape of ['1x1024x1024', '128x768x3072', '2048x2048x2048', '12544x64x147']) {
      for (const kind of ['int32', 'quantized', 'dynamic', 'int32-s8s8', 'float']) {
        expect(names).toContain(`${kind} ${shape}`);
      }
    }
    expect(names).toContain('nbits 1x4096x4096 block 32');
    expect(names).toContain('nbits 128x11008x4096 block 128');
    for (const mask of ['80%', '2:4', '12:64', '80%cap16']) expect(names).toContain(`int32 128x768x3072 ${mask}`);
    expect(readShapes('quick').length).toBeLessThan(20);
  });

  it('lists every combination of a group', () => {
    const cases = parse({ group: 'g', kinds: ['int32', 'float'], shapes: ['1x2x3', '4x5x6'], masks: ['dense', '50%'] });
    expect(cases.map(({ name }) => name)).toEqual([
      'int32 1x2x3',
      'int32 1x2x3 50%',
      'int32 4x5x6',
      'int32 4x5x6 50%',
      'float 1x2x3',
      'float 1x2x3 50%',
      'float 4x5x6',
      'float 4x5x6 50%',
    ]);
    expect(cases[2]).toMatchObject({ m: 4, n: 5, k: 6, repeat: 1, blockSize: undefined });
    expect(operationsOf(cases[2]!)).toBe(240);
  });

  it.each([
    [{}, /groups with/],
    [{ group: 'g', kinds: ['int5'], shapes: ['1x2x3'] }, /kinds of int32/],
    [{ group: 'g', kinds: ['int32'], shapes: ['1x2'] }, /M x N x K/],
    [{ group: 'g', kinds: ['int32'], shapes: ['1x0x3'] }, /M x N x K/],
    [{ group: 'g', kinds: ['int32'], shapes: ['1x2x3'], masks: ['x'] }, /mask: expected/],
    [{ group: 'g', kinds: ['nbits'], shapes: ['1x2x3'] }, /blockSizes/],
    [{ group: 'g', kinds: ['float'], shapes: ['1x2x3'], blockSizes: [32] }, /blockSizes/],
    [{ group: 'g', kinds: ['quantized'], shapes: ['1x2x3'], repeat: 2 }, /a square weight/],
    [{ group: 'g', kinds: ['int32'], shapes: ['1x2x2'], repeat: 2 }, /a square weight/],
    [{ group: 'g', kinds: ['int32'], shapes: ['1x2x3', '1x2x3'] }, /twice/],
  ])('refuses %j', (group, message) => {
    expect(() => parse(group)).toThrow(message);
    expect(() => parse(group)).toThrow(expect.objectContaining({ code: 'ERR_SHAPES' }));
  });

  it('refuses what is no shapes file', () => {
    expect(() => parseShapes(null, 'x.json')).toThrow(/expected a list "groups"/);
  });
});
