import { attribute, isGossamerError, type Model, type Node, storeConstant, Tensor } from '@gossamer/graph';
import { randomNumbers } from '../testing/check-removal.js';
import { randomArchitecture } from '../testing/random-architecture.js';
import { removeUnits } from '../surgery/remove-units.js';
import { groupsOf } from './groups-of.js';

/** 6,000 were run once. */
const COUNT = 600;
const NUMBERS = [-(2 ** 31), -7, -1, 0, 1, 2, 3, 5, 8, 97, 2 ** 31, 2 ** 53 - 1];

/** Changes one number of the graph, or cuts one wire: an attribute, a constant shape, an input slot. */
function spoil(model: Model, random: () => number): void {
  const nodes = [...model.graph.nodes()];
  const node = nodes[Math.floor(random() * nodes.length)]!;
  const number = NUMBERS[Math.floor(random() * NUMBERS.length)]!;
  const way = random();
  if (way < 0.5) spoilAttribute(node, number, random);
  else if (way < 0.8) {
    const integers = node.inputs.filter((value) => value?.constant?.dtype === 'int64');
    const value = integers[Math.floor(random() * integers.length)];
    if (!value) return;
    const values = value.constant!.toIntegers();
    values[Math.floor(random() * values.length)] = number;
    storeConstant(value, Tensor.fromNumbers('int64', value.constant!.dims, values));
  } else if (way < 0.9) {
    model.graph.setInput(node, Math.floor(random() * (node.inputs.length + 1)), undefined);
  } else {
    const before = nodes.slice(0, nodes.indexOf(node)).flatMap(({ outputs }) => outputs);
    model.graph.setInput(node, 0, before[Math.floor(random() * before.length)] ?? node.input(0));
  }
}

function spoilAttribute(node: Node, number: number, random: () => number): void {
  const names = [...node.attributes.keys(), 'axis', 'group'];
  const name = names[Math.floor(random() * names.length)]!;
  const content = node.attributes.get(name)?.content;
  const isList = content?.type === 'ints';
  const list = isList ? [...content.value] : [];
  if (isList) list[Math.floor(random() * list.length)] = number;
  node.graph.setAttribute(node, name, isList ? attribute.ints(list) : attribute.int(number));
}

test(`${COUNT} spoiled networks end in groups or an error of ours, never in a crash`, () => {
  const random = randomNumbers(11);
  let errors = 0;
  for (let i = 0; i < COUNT; i++) {
    const { name, model } = randomArchitecture(i);
    spoil(model, random);
    try {
      const { groups } = groupsOf(model);
      removeUnits(model, groups.flatMap(({ units }) => units.slice(1, 3)).slice(0, 8));
    } catch (error) {
      if (!isGossamerError(error)) throw new Error(`network ${i}, ${name}`, { cause: error });
      errors++;
    }
  }
  // Most spoiled nodes are only frozen.
  expect(errors).toBeLessThan(COUNT / 2);
});
