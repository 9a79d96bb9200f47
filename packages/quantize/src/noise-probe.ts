import type { Value } from '@gossamer/graph';

/** Adds the power of `value` and of its difference to `twin` to the outputs of their graph; returns the names. */
export function addPowers(value: Value, twin: Value): { signal: string; noise: string } {
  const { graph } = value;
  const difference = graph.add({ op: 'Sub', inputs: [value, twin], outputs: [`${value.name}_probe_noise`] }).output;
  const [signal, noise] = [value, difference].map((source) => {
    const keepdims = { type: 'int', value: 0 } as const;
    const power = graph.add({
      op: 'ReduceSumSquare',
      inputs: [source],
      outputs: [`${source.name}_power`],
      attributes: { keepdims },
    }).output;
    graph.addOutput(power);
    return power.name;
  });
  return { signal: signal!, noise: noise! };
}
