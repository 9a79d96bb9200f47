import { symbol } from '@gossamer/graph';
import { channelsAlong, channelsOn, reshapeLayout, sliceLayout, transposeLayout } from './channel-layout.js';

const n = symbol('n');

describe('where channels lie', () => {
  it('splits into heads and merges again', () => {
    const heads = reshapeLayout(channelsAlong(3, 2, 6), [n, 4, 6], [n, 4, 2, 3])!;
    expect(heads.steps.map((steps) => steps && [...steps])).toEqual([undefined, undefined, [0, 3], [0, 1, 2]]);
    const turned = transposeLayout(heads, [0, 2, 1, 3]);
    const merged = reshapeLayout(transposeLayout(turned, [0, 2, 1, 3]), [n, 4, 2, 3], [n, 4, 6])!;
    expect([...channelsOn(merged, 2)!]).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('repeats a channel at every position of a flattened image', () => {
    const flat = reshapeLayout(channelsAlong(4, 1, 2), [n, 2, 1, 3], [n, 6])!;
    expect([...channelsOn(flat, 1)!]).toEqual([0, 0, 0, 1, 1, 1]);
  });

  it('keeps channels left of sizes nobody knows, and gives up where they are merged', () => {
    const layout = channelsAlong(4, 1, 2);
    const [h, w] = [symbol('h'), symbol('w')];
    expect([...channelsOn(reshapeLayout(layout, [n, 2, h, w], [n, 2, undefined])!, 1)!]).toEqual([0, 1]);
    expect(reshapeLayout(layout, [n, 2, h, w], [n, undefined])).toBeUndefined();
    expect([...channelsOn(reshapeLayout(layout, [n, 2, 1, 1], [undefined, 2])!, 1)!]).toEqual([0, 1]);
  });

  it('gives up where heads are merged in another order', () => {
    const heads = reshapeLayout(channelsAlong(3, 2, 6), [n, 4, 6], [n, 4, 2, 3])!;
    const wrong = transposeLayout(heads, [0, 1, 3, 2]);
    const merged = reshapeLayout(wrong, [n, 4, 3, 2], [n, 4, 6])!;
    expect([...channelsOn(merged, 2)!]).toEqual([0, 3, 1, 4, 2, 5]);
    expect(reshapeLayout(channelsAlong(2, 1, 6), [4, 6], [6, 4])).toBeUndefined();
  });

  it('takes part of the channels', () => {
    const packed = reshapeLayout(channelsAlong(2, 1, 6), [n, 6], [n, 3, 2])!;
    const second = sliceLayout(packed, 1, [1]);
    expect([...channelsOn(second, 2)!]).toEqual([2, 3]);
  });
});
