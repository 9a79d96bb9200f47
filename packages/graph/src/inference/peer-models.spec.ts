import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseModel } from '../onnx/index.js';
import { inferTypes } from './infer-types.js';
import { declaredSymbols, type Standing, TypeComparison, valuesByPath } from './testing/compare-types.js';
import { type PeerModel, peerModels, type PeerTypes } from './testing/peer-models.js';
import { typeFromJson } from './testing/typed-json.js';

const PAGE = join(__dirname, '../../../../docs/benchmarks/shape-inference.md');
const STANDINGS: readonly Standing[] = ['equal', 'more', 'less', 'mixed', 'contradicts'];

/** How many values stand how to what the tool says, without those it lists in a subgraph that only reads them. */
function counts({ model: bytes }: PeerModel, peer: PeerTypes): string {
  if (peer.error !== undefined) return 'fails | | | | ';
  const model = parseModel(bytes);
  const types = inferTypes(model);
  expect(types.warnings).toEqual([]);
  const values = valuesByPath(model);
  const comparison = new TypeComparison(declaredSymbols(model.graph.inputs));
  const found = Object.entries(peer.types).flatMap(([path, json]) => {
    const value = values.get(path);
    return value ? [comparison.compare(types.typeOf(value), typeFromJson(json))] : [];
  });
  return STANDINGS.map((standing) => found.filter((item) => item === standing).length).join(' | ');
}

const models = peerModels();

test('no value of any model contradicts onnx or symbolic_shape_infer, and the page says what is equal', () => {
  const rows = models.map((model) => {
    const row = `| ${model.name} | ${counts(model, model.onnx)} | ${counts(model, model.symbolic)} |`;
    // Padding is the formatter's.
    return row.replace(/ +/g, ' ');
  });
  const page = readFileSync(PAGE, 'utf8').replace(/ +/g, ' ').split('\n');
  expect(page.filter((line) => rows.includes(line))).toEqual(rows);
  const cells = rows.map((row) => row.split('|').map((cell) => cell.trim()));
  expect(cells.flatMap((row) => [row[6], row[11]]).filter((cell) => cell !== '' && cell !== '0')).toEqual([]);
});
