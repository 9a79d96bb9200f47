import type { CaseResult } from './case-result.js';
import { breakEvenTable } from './break-even.js';
import { kernelClaims } from './kernel-claims.js';
import { failureTable, gopsPlot, kernelTables, ratioPlots } from './kernel-report.js';
import { sparsePeerClaim, sparsePeerTable } from './sparse-peers.js';
import { exampleResult } from './testing/example-result.js';

const engines = ['native', 'ort'] as const;
const of = (kind: string, shape: string, mask: string, ratio: number): CaseResult => {
  const [m, n, k] = shape.split('x').map(Number) as [number, number, number];
  const sparsity = mask === 'dense' ? 0 : Number.parseFloat(mask) / 100;
  const interval = { ratio, low: ratio * 0.99, high: ratio * 1.01 };
  return exampleResult(`${kind} ${shape} ${mask}`, interval, { kind, m, n, k, mask, sparsity, repeat: 1 });
};

const peaks = [
  {
    threads: 1,
    ...{ int8: { scalar: 10, avx512vnni: 1000 }, float: { scalar: 2, avx512: 250 }, bf16: {} },
    read: { l1: 200, l2: 100, l3: 90, dram: 30 },
  },
];

describe('the report of kernels', () => {
  it('judges the mean of the cases that a promise is about', () => {
    const claims = kernelClaims([of('int32', '128x768x768', 'dense', 0.9), of('int32', '64x768x768', 'dense', 1.1)]);
    expect(claims[0]).toMatchObject({ measured: expect.stringContaining('2 cases from 0.90 to 1.10'), holds: true });
    expect(claims.slice(1).every(({ holds }) => holds === undefined)).toBe(true);
    const sparse = kernelClaims([of('int32', '128x768x3072', '80%', 1.5)]);
    expect(sparse.filter(({ holds }) => holds === false).map(({ claim }) => claim)).toEqual([
      'int8, 80%, 128 columns, beside dense int8 of the peer: at least 1.9x (goal 2.4x)',
    ]);
  });

  it('says the share of the peak, and what failed and why', () => {
    const outcomes = [
      of('int32', '128x768x768', 'dense', 2),
      of('float', '128x768x768', 'dense', 2),
      { id: 'x @1', name: 'x', group: 'g', threads: 1, error: 'ERR_ENGINE: no' },
      { id: 'y @1', name: 'y', group: 'g', threads: 1, error: 'ERR_ENGINE: no' },
    ];
    const [table] = kernelTables(outcomes, peaks, engines);
    expect(table!.rows.map((row) => row[9])).toEqual(['1 %', '4 %', '', '']);
    expect(failureTable(outcomes)!.rows).toEqual([['ERR_ENGINE: no', '2', 'x @1']]);
    expect(ratioPlots(outcomes, engines)).toMatchObject([{ line: 1, groups: [{ bars: [{ value: 2 }] }, {}] }]);
    expect(gopsPlot(outcomes, peaks, engines, ['g'])).toMatchObject([
      { line: 1000, groups: [{ bars: [{ value: 10 }, { value: 5 }] }] },
    ]);
  });

  it('finds from which sparsity on zeros pay', () => {
    const curve = [0, 50, 80].map((zeros, i) =>
      of('int32', '8x768x3072', zeros === 0 ? 'dense' : `${zeros}%`, [0.5, 0.8, 1.2][i]!),
    );
    const { rows } = breakEvenTable(curve)!;
    expect(rows).toEqual([['8x768x3072, 1 thread', '65 %', '50 %', '0.50x', '0.80x', '', '', '1.20x', '', '']]);
    expect(breakEvenTable(curve.slice(0, 2))).toBeUndefined();
  });

  it('compares sparse float products with the fastest library', () => {
    const outcomes = [of('float', '128x768x3072', '80%', 2)];
    const time = (median: number) => ({ median, min: median, n: 9 });
    const peers = [{ id: outcomes[0]!.id, times: { SciPy: time(300), MKL: time(150) } }];
    expect(sparsePeerTable(outcomes, peers)!.rows[0]!.slice(2)).toEqual(['50.0', '300.0', '150.0', '3.00x']);
    expect(sparsePeerClaim(outcomes, peers)).toMatchObject({ holds: true });
    expect(sparsePeerClaim(outcomes, []).holds).toBeUndefined();
    expect(sparsePeerTable(outcomes, [])).toBeUndefined();
  });
});
