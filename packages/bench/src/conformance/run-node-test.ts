import { isGossamerError, type Model, type Tensor } from '@gossamer/graph';
import { type Feeds, Session } from '@gossamer/runtime';
import type { NodeTest } from './node-test-cases.js';

/** How an engine did on one node test. */
export interface NodeTestResult {
  readonly name: string;
  /** As the test is; with all inputs but the first as constants, as weights come in models; or refused by name. */
  readonly outcome: 'passed' | 'passed with constants' | 'refused' | 'failed';
  /** Of a refusal or failure. */
  readonly reason?: string;
}

/** Tolerances of the ONNX backend test runner. */
const RELATIVE = 1e-3;
const ABSOLUTE = 1e-7;

/** Runs a node test on an engine of ours: as it is, and where an operator of the native one wants its weights constant, with constants. */
export async function runNodeTest(test: NodeTest, engine: 'native' | 'tfjs' = 'native'): Promise<NodeTestResult> {
  if (test.outputs.length === 0 || test.model().graph.outputs.some(({ type }) => type && type.kind !== 'tensor'))
    return { name: test.name, outcome: 'refused', reason: 'values that are not tensors' };
  const plain = await attempt(test, false, engine);
  if (plain.outcome !== 'refused' || test.inputs.length < 2 || engine !== 'native') return plain;
  const constant = await attempt(test, true, engine);
  if (constant.outcome === 'refused') return plain;
  return constant.outcome === 'passed' ? { ...constant, outcome: 'passed with constants' } : constant;
}

async function attempt(test: NodeTest, withConstants: boolean, engine: string): Promise<NodeTestResult> {
  const { name } = test;
  const model = test.model();
  const feeds = split(model, test, withConstants);
  let session: Session;
  try {
    session = await Session.open(model, { engine, threads: 2 });
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    const isRefusal = isGossamerError(error) && (code === 'ERR_ENGINE_COVERAGE' || code === 'ERR_ENGINE_TYPE');
    return { name, outcome: isRefusal ? 'refused' : 'failed', reason: `${code}: ${message}` };
  }
  try {
    // Twice: the second run finds the memory of the first.
    await session.run(feeds);
    const found = await session.run(feeds);
    const wrong = model.graph.outputs.flatMap((output, i) => difference(found[output.name], test.outputs[i]) ?? []);
    return wrong.length === 0 ? { name, outcome: 'passed' } : { name, outcome: 'failed', reason: wrong.join('; ') };
  } catch (error) {
    return { name, outcome: 'failed', reason: (error as Error).message };
  } finally {
    await session.dispose();
  }
}

/** What is fed; with constants, all but the first input become initializers of `model`. */
function split(model: Model, test: NodeTest, withConstants: boolean): Feeds {
  const feeds: Record<string, Tensor> = {};
  [...model.graph.inputs].forEach((input, i) => {
    const tensor = test.inputs[i];
    if (!tensor) return;
    if (!withConstants || i === 0) {
      feeds[input.name] = tensor;
      return;
    }
    model.graph.removeInput(input);
    const constant = model.graph.value(input.name) ?? model.graph.declare(input.name);
    model.graph.setInitializer(constant, tensor);
  });
  return feeds;
}

function difference(actual: Tensor | undefined, expected: Tensor | undefined): string | undefined {
  if (!expected) return undefined;
  const spell = (tensor?: Tensor) => (tensor ? `${tensor.dtype}[${tensor.dims.join(',')}]` : 'nothing');
  if (!actual || spell(actual) !== spell(expected)) return `${spell(actual)} instead of ${spell(expected)}`;
  const [found, wanted] = [actual.toFloat64(), expected.toFloat64()];
  const isFloat = expected.dtype.includes('float');
  // What the test's makers rounded after every operator of a function body may be two units in the last place away.
  const unit = expected.dtype === 'bfloat16' ? 2 ** -6 : expected.dtype === 'float16' ? 2 ** -9 : 0;
  const relative = Math.max(RELATIVE, unit);
  const at = wanted.findIndex((value, i) => {
    if (Object.is(found[i], value) || found[i] === value) return false;
    return !(isFloat && Math.abs(found[i]! - value) <= ABSOLUTE + relative * Math.abs(value));
  });
  return at < 0 ? undefined : `element ${at}: ${found[at]} instead of ${wanted[at]}`;
}
