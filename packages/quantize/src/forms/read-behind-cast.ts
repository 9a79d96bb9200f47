import { attribute, dtypeCode, type Tensor, type Value } from '@gossamer/graph';
import { freshNodeName } from '../node-name.js';

/** Stores an initializer of float32 as `narrow`, behind a Cast that ONNX Runtime runs once, when it opens the model. */
export function readBehindCast(value: Value, narrow: Tensor): void {
  const { graph } = value;
  const [first] = graph.nodes();
  if (!first) return;
  graph.setInitializer(value, narrow);
  graph.setType(value, undefined);
  const cast = graph.add(
    {
      op: 'Cast',
      name: freshNodeName(graph, `${value.name}_Cast`),
      inputs: [value],
      outputs: [`${value.name}_float32`],
      attributes: { to: attribute.int(dtypeCode('float32')) },
    },
    { before: first },
  );
  graph.replaceUses(value, cast.output, ({ node }) => node === cast);
}
