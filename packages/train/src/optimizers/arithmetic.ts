import type { GraphBuilder, Value } from '@gossamer/graph';

/** The operators that update rules are made of, by short names; every one is elementwise and broadcasts scalars. */
export function arithmetic(g: GraphBuilder) {
  return {
    abs: (a: Value) => g.op('Abs', [a]),
    add: (a: Value, b: Value) => g.op('Add', [a, b]),
    div: (a: Value, b: Value) => g.op('Div', [a, b]),
    max: (a: Value, b: Value) => g.op('Max', [a, b]),
    mul: (a: Value, b: Value) => g.op('Mul', [a, b]),
    sign: (a: Value) => g.op('Sign', [a]),
    sqrt: (a: Value) => g.op('Sqrt', [a]),
    sub: (a: Value, b: Value) => g.op('Sub', [a, b]),
  };
}
