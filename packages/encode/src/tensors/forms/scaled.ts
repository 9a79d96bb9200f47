import { codeScale } from '../code-scale.js';
import { findScale, levelOf } from '../find-scale.js';
import { bytesOf, floatsOf } from '../float-words.js';
import { planIntegers, readIntegers } from '../integer-stream.js';
import { requireDtype } from '../require-dtype.js';
import type { TensorForm } from '../plain-tensor.js';

/** float32 elements that are integers times one scale, to the bit: what a symmetric quantizer leaves. */
export const scaled: TensorForm = {
  name: 'scaled',

  plan({ dtype, dims, bytes }) {
    if (dtype !== 'float32') return undefined;
    const values = floatsOf(bytes);
    const scale = findScale(values);
    if (scale === undefined) return undefined;
    const plan = planIntegers(
      Int32Array.from(values, (value) => levelOf(value, scale)),
      dims,
    );
    return (coder) => {
      codeScale(coder, scale);
      plan(coder);
    };
  },

  read(coder, spec) {
    requireDtype(this, spec, 'float32');
    const scale = codeScale(coder, 0);
    return bytesOf(Float32Array.from(readIntegers(coder, spec.dims), (level) => level * scale));
  },
};
