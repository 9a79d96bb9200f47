import type { CaseResult } from '../cases/case-result.js';
import { exampleResult } from '../cases/testing/example-result.js';
import { memoryTable, modelClaims, modelTable } from './model-report.js';

const engines = ['native', 'ort'] as const;
const of = (mask: string, ratio: number, spread = 0.01): CaseResult =>
  exampleResult(
    `ResNet-50 ${mask} batch 1`,
    { ratio, low: ratio * (1 - spread), high: ratio * (1 + spread) },
    { model: 'ResNet-50', mask, batch: 1 },
  );

describe('the report of whole models', () => {
  const outcomes = [of('dense', 1.2), of('80%', 1.5), of('12:64', 2.7, 0.1)];
  const memory = [
    { model: 'ResNet-50', mask: 'dense', engine: 'native', peakRssMb: 120 },
    { model: 'ResNet-50', mask: 'dense', engine: 'ort', peakRssMb: 110 },
    { model: 'ResNet-50', mask: '12:64', engine: 'native', peakRssMb: undefined, error: 'ERR_ENGINE' },
  ];

  it('judges each promise by the interval', () => {
    const claims = modelClaims(outcomes, memory, engines);
    const holds = (text: string) => claims.find(({ claim }) => claim.startsWith(text))!.holds;
    expect(holds('ResNet-50, dense')).toBe(true);
    expect(holds('ResNet-50, 80%, ')).toBe(false);
    expect(holds('ResNet-50, 12:64')).toBe('undecided');
    expect(holds('BERT-base-128, dense')).toBeUndefined();
    expect(holds('ResNet-50: peak memory')).toBe(false);
  });

  it('puts own dense and the prediction beside the measurement', () => {
    const prediction = { model: 'ResNet-50', mask: '80%', share: 0.9, kernel: 2, predicted: 1.82 };
    const { rows } = modelTable(
      [...outcomes, { id: 'x @2', name: 'x', group: 'g', threads: 2, error: 'ERR_ENGINE: no' }],
      [prediction],
      engines,
    );
    expect(rows[1]).toEqual([
      'ResNet-50',
      '80%',
      '1',
      '1',
      '0.07',
      '0.10',
      '1.50x (1.48-1.52)',
      '1.50x',
      '',
      '1.25x',
      '1.82x',
      '2.00x',
      '0',
    ]);
    expect(rows[3]).toContain('not measured');
    expect(memoryTable(memory).rows).toEqual([
      ['ResNet-50', 'dense', '120', '110'],
      ['ResNet-50', '12:64', 'ERR_ENGINE', ''],
    ]);
  });
});
