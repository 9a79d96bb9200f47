import { attribute, Tensor } from '@gossamer/graph';
import { evaluate } from '@gossamer/graph/eval';
import { differentiate } from '../differentiate.js';
import { expandFunctions } from '../functions/expand-functions.js';
import { emptyEmitter, sampleNumbers } from '../testing/check-gradient.js';

/** Rounds half to even. */
function round(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
}

test.each([
  [-4, 3, 0, false],
  [0, 7, 3, false],
  [-4, 3, 0, true],
])(
  'values and gradients of codes %i to %i around %i, by the formulas of the papers; what is outside comes back: %p',
  (low, high, zero, comesBack) => {
    const [rows, columns] = [3, 40];
    const x = sampleNumbers(rows * columns, 1).map((v) => 2 * v);
    const scales = [0.1, 0.25, 0.5];
    const g = emptyEmitter();
    const value = g.input('x', 'float32', [rows, columns]);
    const scale = g.input('scale', 'float32', [rows, 1]);
    const point = g.input('point', 'float32', [rows, 1]);
    const codes = {
      ...{ quant_min: attribute.int(low), quant_max: attribute.int(high) },
      ...(comesBack ? { comes_back: attribute.int(1) } : {}),
    };
    const y = g.output(g.call('FakeQuantize', [value, scale, point], codes)[0]!, 'y');
    const weights = sampleNumbers(rows * columns, 2);
    const weighted = g.mul(y, g.tensor(Tensor.fromNumbers('float32', [rows, columns], weights)));
    g.output(g.sum(weighted, [0, 1]), 'loss');
    const { model, gradients } = differentiate(g.model, { loss: 'loss', wrt: ['x', 'scale', 'point'] });
    const feeds = {
      x: Tensor.of('float64', [rows, columns], x),
      scale: Tensor.of('float64', [rows, 1], Float64Array.from(scales)),
      point: Tensor.of('float64', [rows, 1], new Float64Array(rows).fill(zero)),
    };
    const outputs = evaluate(expandFunctions(model), feeds, { precision: 'float64' });
    const dy = Float32Array.from(weights);
    const dScale = new Float64Array(rows);
    const dPoint = new Float64Array(rows);
    const received = outputs[gradients.get('x')!]!.toFloat64();
    x.forEach((v, i) => {
      const row = Math.floor(i / columns);
      const s = scales[row]!;
      const place = v / s + zero;
      const inside = place >= low && place <= high;
      const code = Math.min(Math.max(round(v / s) + zero, low), high);
      expect(outputs['y']!.toFloat64()[i]).toBeCloseTo((code - zero) * s, 12);
      const isInward = comesBack && (place > high ? dy[i]! > 0 : dy[i]! < 0);
      expect(received[i]).toBe(inside || isInward ? dy[i] : 0);
      dScale[row]! += dy[i]! * (inside ? round(v / s) - v / s : (place < low ? low : high) - zero);
      dPoint[row]! += inside ? 0 : -s * dy[i]!;
    });
    outputs[gradients.get('scale')!]!.toFloat64().forEach((v, i) => expect(v).toBeCloseTo(dScale[i]!, 10));
    outputs[gradients.get('point')!]!.toFloat64().forEach((v, i) => expect(v).toBeCloseTo(dPoint[i]!, 10));
  },
);
