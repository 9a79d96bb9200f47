import type { EvalTensor } from '../eval-value.js';
import { defineKernel, type Kernel, type KernelCall } from '../kernel.js';
import { dynamicParameters, fakeQuantize } from './quantize-linear.js';
import { lstmStep, runRecurrent } from './recurrent.js';

/** Codes [d, columns, 4 * hidden] with a scale and zero point per direction or per gate row, as reals [d, 4 * hidden, columns]. */
function gateRows(call: KernelCall, codes: EvalTensor, scale: EvalTensor, zeroPoint: EvalTensor): Float64Array {
  const [directions = 0, columns = 0, rows = 0] = codes.dims;
  const from = call.asNumbers(codes);
  const [scales, zeros] = [call.asNumbers(scale), call.asNumbers(zeroPoint)];
  const perRow = scales.length === directions * rows;
  return Float64Array.from({ length: from.length }, (_, i) => {
    const [d, row, column] = [Math.floor(i / (rows * columns)), Math.floor(i / columns) % rows, i % columns];
    const at = perRow ? d * rows + row : d;
    return (from[(d * columns + column) * rows + row]! - zeros[zeros.length === scales.length ? at : d]!) * scales[at]!;
  });
}

/**
 * com.microsoft DynamicQuantizeLSTM: an LSTM whose weights are codes and whose product operands are quantized to uint8 as they come: X as a
 * whole, the hidden state at each step over all batch items.
 */
export const dynamicLstm: Kernel = defineKernel({
  op: 'DynamicQuantizeLSTM',
  domain: 'com.microsoft',
  run: (call) => {
    const [w, r] = [call.tensor(1), call.tensor(2)];
    const { precision } = call;
    const x = call.numbers(0);
    const hidden = r.dims[1]!;
    const seen = (states: readonly Float64Array[]) => {
      const all = Float64Array.from(states.flatMap((state) => [...state]));
      const quantized = fakeQuantize(all, dynamicParameters(all, precision), precision);
      return states.map((_, b) => quantized.subarray(b * hidden, (b + 1) * hidden));
    };
    const operands = {
      x: fakeQuantize(x, dynamicParameters(x, precision), precision),
      w: gateRows(call, w, call.tensor(8), call.tensor(9)),
      r: gateRows(call, r, call.tensor(10), call.tensor(11)),
      inputSize: w.dims[1]!,
      directions: w.dims[0]!,
      hidden,
      seen,
    };
    return runRecurrent(call, operands, 4, ['Sigmoid', 'Tanh', 'Tanh'], lstmStep);
  },
});
