import { type DType, Tensor } from '@gossamer/graph';
import type { ProgramTensor } from '@gossamer/kernels';
import type { CompiledProgram, ProgramAttribute, ProgramTarget } from '../program-builder.js';
import { MICROSOFT_OPERATORS, OWN_OPERATORS, STANDARD_OPERATORS } from '../emit/operator-table.js';
import { OWN } from './own-operators.js';
import { runStandard } from './run-standard.js';

/** An operator as it was handed over. */
export interface RecordedOperator {
  readonly type: string;
  readonly inputs: readonly (number | undefined)[];
  readonly outputs: readonly number[];
  readonly outputDtypes: readonly DType[];
  readonly attributes: Readonly<Record<string, ProgramAttribute>>;
}

/** Every type that the compiler may hand over. */
export const ALL_OPERATORS: ReadonlySet<string> = new Set([
  ...Object.keys(OWN_OPERATORS),
  ...Object.keys(MICROSOFT_OPERATORS),
  ...Object.keys(STANDARD_OPERATORS),
]);

function notHere(what: string): never {
  throw new Error(`reference: expected a program without ${what}`);
}

/** A builder whose programs run in the reference evaluator: what a compiled model means, before and beside the C++. */
export class ReferenceBuilder implements ProgramTarget {
  readonly operators: RecordedOperator[] = [];
  readonly #constants = new Map<number, Tensor>();
  readonly #inputs: { readonly value: number; readonly dtype: DType }[] = [];
  #count = 0;

  input(dtype: DType): number {
    this.#inputs.push({ value: this.#count, dtype });
    return this.#count++;
  }

  constant(dtype: DType, dims: readonly number[], bytes: Uint8Array): number {
    this.#constants.set(this.#count, Tensor.of(dtype, dims, bytes.slice()));
    return this.#count++;
  }

  operator(
    type: string,
    inputs: readonly (number | undefined)[],
    outputDtypes: readonly DType[],
    attributes: Readonly<Record<string, ProgramAttribute>> = {},
  ): number[] {
    const outputs = outputDtypes.map(() => this.#count++);
    this.operators.push({ type, inputs, outputs, outputDtypes, attributes });
    return outputs;
  }

  body(): ProgramTarget {
    notHere('control flow');
  }

  state(): void {
    notHere('state');
  }

  finish(outputs: readonly number[]): CompiledProgram {
    const run = (inputs: readonly (ProgramTensor | undefined)[]): ProgramTensor[] => {
      const values = new Map(this.#constants);
      for (const [i, { value, dtype }] of this.#inputs.entries()) {
        const { dims, bytes, dtype: given } = inputs[i]!;
        if (given !== dtype) throw new Error(`input ${i}: expected ${dtype}, received ${given}`);
        values.set(value, Tensor.of(dtype, dims, bytes));
      }
      for (const operator of this.operators) runOperator(operator, values);
      return outputs.map((output) => {
        const tensor = values.get(output)!;
        return { dtype: tensor.dtype, dims: tensor.dims, bytes: tensor.bytes() };
      });
    };
    return {
      run: async (inputs) => run(inputs),
      createState: () => notHere('state'),
      profile: () => notHere('a profile'),
      notes: () => [],
      dispose: () => undefined,
    };
  }
}

function runOperator(operator: RecordedOperator, values: Map<number, Tensor>): void {
  const { type, attributes, outputs, outputDtypes } = operator;
  const inputs = operator.inputs.map((value) => (value === undefined ? undefined : values.get(value)!));
  const own = Object.hasOwn(OWN, type) ? OWN[type] : undefined;
  const results = own ? [own(inputs, attributes)] : runStandard(type, inputs, attributes, outputDtypes);
  outputs.forEach((output, i) => {
    const result = results[i];
    if (!result) return;
    if (result.dtype !== outputDtypes[i]) {
      throw new Error(`${type}: expected a result of ${outputDtypes[i]}, received ${result.dtype}`);
    }
    values.set(output, result);
  });
}
