import { ratios } from './parse-ratios.js';

test('ratios of nodes, whose names may have = in them', () => {
  expect(ratios('fc1=0.3, a=b=0.5,Gemm*=0')).toEqual([
    { before: 'fc1', ratio: 0.3 },
    { before: 'a=b', ratio: 0.5 },
    { before: 'Gemm*', ratio: 0 },
  ]);
  for (const text of ['', 'fc1', 'fc1=', '=0.5', 'fc1=1', 'fc1=-0.1', 'fc1=x', 'fc1=0.5,'])
    expect(() => ratios(text)).toThrow(/node=ratio/);
});
