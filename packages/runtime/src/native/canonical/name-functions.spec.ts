import { Graph, GraphBuilder, type Model, Model as ModelClass, Tensor } from '@gossamer/graph';
import { operatorTypes } from '@gossamer/kernels';
import { Session } from '../../session/session.js';
import { compileModel } from '../compile-model.js';
import { ENGINE_OPSET } from './engine-opset.js';

const DOMAINS = ['gossamer.train', 'gossamer', 'com.microsoft', ''] as const;
/** An operator that the engine has by that name in each domain. */
const TAKEN = {
  'gossamer.train': 'SoftmaxGrad',
  gossamer: 'Activate',
  'com.microsoft': 'BiasGelu',
  '': 'Sub',
} as const;

/** z = f(x, y) of a name that the engine knows; the file, where it says so, defines it as x + y in operators of `bodyOpset`. */
function caller(domain: keyof typeof TAKEN, bodyOpset?: number): Model {
  const domains = domain === '' ? {} : { [domain]: 1 };
  const builder = new GraphBuilder('net', { opset: ENGINE_OPSET, domains });
  const [x, y] = [builder.input('x', 'float32', [2, 3]), builder.input('y', 'float32', [2, 3])];
  builder.output(builder.op(TAKEN[domain], [x, y], {}, { domain }), 'z', 'float32', [2, 3]);
  const { graph, irVersion, opsets } = builder.model();
  if (bodyOpset === undefined) return new ModelClass({ irVersion, opsets, graph });
  const body = new Graph('body');
  const [a, b] = [body.addInput('a'), body.addInput('b')];
  body.addOutput(body.add({ op: 'Add', inputs: [a, b], outputs: ['sum'] }).output);
  const definition = {
    domain,
    name: TAKEN[domain],
    overload: '',
    body,
    opsets: new Map([['', bodyOpset]]),
    origin: undefined,
  };
  return new ModelClass({ irVersion, opsets, graph, functions: [definition] });
}

const feeds = {
  x: Tensor.fromNumbers('float32', [2, 3], [1, 2, 3, 4, 5, 6]),
  y: Tensor.fromNumbers('float32', [2, 3], [0.5, 0.25, 0.25, 0.5, 0.25, 0.25]),
};
const SUM = [1.5, 2.25, 3.25, 4.5, 5.25, 6.25];

async function run(model: Model, engine: 'native' | 'auto' | 'reference'): Promise<number[]> {
  const session = await Session.open(model, { engine });
  try {
    return [...(await session.run(feeds))['z']!.toFloat32()];
  } finally {
    await session.dispose();
  }
}

describe.each(DOMAINS)('a function of the file in the domain "%s"', (domain) => {
  it('is what its body says, whatever the engine has under its name', async () => {
    for (const engine of ['native', 'reference'] as const) {
      expect(await run(caller(domain, ENGINE_OPSET), engine)).toEqual(SUM);
    }
  });

  it('is nothing that the engine has when its body cannot be put in its place', async () => {
    const model = caller(domain, ENGINE_OPSET - 4);
    const { lacking } = compileModel(model, { capabilities: { operators: operatorTypes() } });
    expect(lacking.map(({ operator }) => operator)).toEqual([expect.stringMatching(/_of_file$/)]);
    await expect(run(model, 'native')).rejects.toThrow(
      expect.objectContaining({ code: 'ERR_ENGINE_COVERAGE' }) as Error,
    );
    expect(await run(model, 'reference')).toEqual(SUM);
  });
});

test('a node of gossamer.train that the file does not define is the registered function of that name', async () => {
  const expected = [0, 1].flatMap((row) => {
    const [x, y] = [feeds.x, feeds.y].map((tensor) => [...tensor.toFloat32()].slice(3 * row, 3 * row + 3));
    const sum = x!.reduce((total, dy, i) => total + dy * y![i]!, 0);
    return x!.map((dy, i) => y![i]! * (dy - sum));
  });
  expect(await run(caller('gossamer.train'), 'native')).toEqual(expected);
});
