import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GraphBuilder } from '../builder.js';
import { addIf } from '../passes/testing/add-if.js';
import { errorCode } from '../testing/error-code.js';
import { useTempDir } from '../testing/temp-dir.js';
import { countOperators } from './count-operators.js';
import { serializeModel } from './index.js';

const directory = useTempDir();

test('counts every scope, also in a file that defines a name twice', () => {
  const g = new GraphBuilder('g', { domains: { 'com.microsoft': 1 } });
  const x = g.op('Gelu', [g.input('x', 'float32', ['n'])], {}, { domain: 'com.microsoft' });
  const y = addIf(g, (graph, name) => graph.add({ op: 'Relu', inputs: [x], outputs: [`${name}_out`] }).output);
  const first = g.weight('weight_a', [1], Float32Array.of(1));
  const second = g.weight('weight_b', [1], Float32Array.of(2));
  g.output(g.op('Sum', [y, first, second]), 'y');
  const bytes = Buffer.from(serializeModel(g.model()));
  // One letter makes two initializers of one name.
  for (let at = bytes.indexOf('weight_b'); at >= 0; at = bytes.indexOf('weight_b')) bytes.write('weight_a', at);
  const path = join(directory(), 'twice.onnx');
  writeFileSync(path, bytes);
  expect(Object.fromEntries(countOperators(path))).toEqual({ 'com.microsoft::Gelu': 1, If: 1, Relu: 2, Sum: 1 });
});

test('a file without a graph is no model', () => {
  const path = join(directory(), 'empty.onnx');
  writeFileSync(path, '');
  expect(errorCode(() => countOperators(path))).toBe('ERR_NOT_ONNX');
});
