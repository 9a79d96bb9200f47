import { attribute, dtypeCode, type Tensor, type Value } from '@gossamer/graph';
import { freshNodeName } from '../node-name.js';

/** Stores an initializer as `narrow`, behind a Cast to its own type that ONNX Runtime runs once, when it opens the model. Returns what is read now. */
export function readBehindCast(value: Value, narrow: Tensor): Value {
  const { graph } = value;
  const [first] = graph.nodes();
  if (!first) return value;
  const { dtype } = value.initializer!;
  graph.setInitializer(value, narrow);
  graph.setType(value, undefined);
  const cast = graph.add(
    {
      op: 'Cast',
      name: freshNodeName(graph, `${value.name}_Cast`),
      inputs: [value],
      outputs: [`${value.name}_${dtype}`],
      attributes: { to: attribute.int(dtypeCode(dtype)) },
    },
    { before: first },
  );
  graph.replaceUses(value, cast.output, ({ node }) => node === cast);
  return cast.output;
}
