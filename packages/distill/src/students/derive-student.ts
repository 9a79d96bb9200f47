import { isFloat, type Model } from '@gossamer/graph';
import { factorize } from './low-rank/factorize.js';
import { shorten } from './shallower/shorten.js';
import { type StudentSpec, studentError } from './student-spec.js';
import { thin } from './thinner/thin.js';

/** A student, and what it was made of. */
export interface DerivedStudent {
  /** Has the teacher's inputs and outputs. */
  readonly model: Model;
  readonly warnings: readonly string[];
  /** Numbers in floating-point constants of the teacher, and of the student. */
  readonly parameters: { readonly before: number; readonly after: number };
}

/** A student made from its teacher, which does not change. Throws ERR_DISTILL_STUDENT where nothing of it can be made so. */
export function deriveStudent(teacher: Model, spec: StudentSpec): DerivedStudent {
  const model = teacher.clone();
  const nested = [...model.graph.nodes()].find((node) => node.subgraphs().length > 0);
  if (nested) throw studentError(`student: expected a graph without subgraphs, received ${nested.op} ${nested.id}`);
  const warnings = change(model, spec);
  return { model, warnings, parameters: { before: countParameters(teacher), after: countParameters(model) } };
}

function change(model: Model, spec: StudentSpec): string[] {
  switch (spec.kind) {
    case 'thinner':
      return thin(model, spec);
    case 'shallower':
      return shorten(model, spec);
    case 'low-rank':
      return factorize(model, spec);
    default: {
      const { kind } = spec as { kind: unknown };
      throw studentError(`student: expected thinner, shallower or low-rank, received ${String(kind)}`);
    }
  }
}

function countParameters({ graph }: Model): number {
  let count = 0;
  for (const value of graph.values()) {
    const { constant } = value;
    if (constant && isFloat(constant.dtype) && value.uses.length > 0) count += constant.length;
  }
  return count;
}
