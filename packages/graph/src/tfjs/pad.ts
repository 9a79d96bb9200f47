import type { Value } from '../ir/value.js';
import type { Emitter } from './emitter.js';
import { channelsFirstOperand, type Operand, plainOperand, toChannelsFirst } from './operand.js';

/** Pads every axis by known [begin, end]; the layout stays. */
export function pad(
  e: Emitter,
  x: Operand,
  pads: readonly (readonly [number, number])[],
  mode: 'constant' | 'reflect',
  value?: Value,
): Operand {
  const write = (source: Value, pairs: readonly (readonly [number, number])[]) => {
    const list = [...pairs.map(([begin]) => begin), ...pairs.map(([, end]) => end)];
    return e.op('Pad', [source, e.int64(list), value], { mode });
  };
  if (!x.channelsFirst) return plainOperand(write(e.plain(x), pads));
  const order = toChannelsFirst(pads.length);
  return channelsFirstOperand(
    write(
      x.channelsFirst,
      order.map((axis) => pads[axis]!),
    ),
  );
}
