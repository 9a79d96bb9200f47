import { parseWidths } from './parse-widths.js';

test('widths of groups, whose names may have = in them', () => {
  expect(parseWidths('conv1=16, a=b=4,layer*=32')).toEqual({ conv1: 16, 'a=b': 4, 'layer*': 32 });
  for (const text of ['', 'conv1', 'conv1=', '=4', 'conv1=0', 'conv1=-1', 'conv1=1.5', 'conv1=x', 'conv1=4,'])
    expect(() => parseWidths(text)).toThrow(/group=width/);
});
