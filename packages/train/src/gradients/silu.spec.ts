import { differentiate } from '../differentiate.js';
import { checkGradient, emptyEmitter } from '../testing/check-gradient.js';

test('x times sigmoid x, either way, and where the sigmoid has other uses', () => {
  checkGradient({ x: { shape: [6] } }, (g, { x }) => g.mul(x, g.op('Sigmoid', [x])));
  checkGradient({ x: { shape: [6] } }, (g, { x }) => g.mul(g.op('Sigmoid', [x]), x));
  checkGradient({ x: { shape: [6] } }, (g, { x }) => {
    const gate = g.op('Sigmoid', [g.op('Tanh', [x])]);
    return g.add(g.mul(gate.producer!.inputs[0]!, gate), g.mul(x, gate));
  });
});

test('the sigmoid of something else', () => {
  checkGradient({ x: { shape: [6] }, z: { shape: [6] } }, (g, { x, z }) => g.mul(x, g.op('Sigmoid', [z])));
});

/** Operators of the gradient of sum(x * sigmoid(x)) by `wrt`. */
function operators(wrt: readonly string[]): string[] {
  const g = emptyEmitter();
  const x = g.input('x', 'float32', [2]);
  const gate = g.op('Sigmoid', [x]);
  g.graph.rename(gate, 'gate');
  g.output(g.sum(g.mul(x, gate), [0]), 'loss');
  const { model } = differentiate(g.model, { loss: 'loss', wrt });
  return [...model.graph.nodes()].map(({ op }) => op);
}

test('is one ActivationGrad, unless the gradient by the sigmoid is asked for', () => {
  expect(operators(['x']).filter((op) => op === 'ActivationGrad' || op === 'Mul')).toEqual(['Mul', 'ActivationGrad']);
  expect(operators(['x', 'gate']).filter((op) => op === 'Mul').length).toBe(3);
});
