import type { Tensor } from '../../ir/tensor.js';

export type Outputs = Readonly<Record<string, Tensor>>;

/** Same names in the same order, same dtypes and dims, same bits. */
export function expectEqualBits(found: Outputs, expected: Outputs): void {
  const spell = (outputs: Outputs) =>
    Object.entries(outputs).map(([name, { dtype, dims }]) => `${name}: ${dtype}[${dims.join(',')}]`);
  expect(spell(found)).toEqual(spell(expected));
  for (const [name, tensor] of Object.entries(expected)) {
    if (found[name]!.hash() !== tensor.hash()) throw new Error(`${name}: ${firstDifference(found[name]!, tensor)}`);
  }
}

function firstDifference(found: Tensor, expected: Tensor): string {
  if (expected.dtype === 'string') return 'other strings';
  const [a, b] = [found.toFloat64(), expected.toFloat64()];
  const at = b.findIndex((value, index) => !Object.is(value, a[index]));
  return at < 0 ? 'other bits of equal numbers' : `[${at}] is ${a[at]}, expected ${b[at]}`;
}

/** 10·log10(Σ expected² / Σ (found - expected)²) over all outputs; Infinity when they are equal. */
export function sqnrDb(found: Outputs, expected: Outputs): number {
  let signal = 0;
  let noise = 0;
  for (const [name, tensor] of Object.entries(expected)) {
    const other = found[name]!.toFloat64();
    tensor.toFloat64().forEach((value, index) => {
      if (Object.is(value, other[index])) return void (signal += Number.isFinite(value) ? value ** 2 : 0);
      signal += value ** 2;
      noise += (value - other[index]!) ** 2;
    });
  }
  return noise === 0 ? Infinity : 10 * Math.log10(signal / noise);
}
