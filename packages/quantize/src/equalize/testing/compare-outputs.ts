import { checkGraph, isFloat, type Model } from '@gossamer/graph';
import { type DataSource, type Feeds, modelInputs, openData, Session } from '@gossamer/runtime';

/** Feeds of some data for the model's inputs; two of seeded noise. */
export async function noiseFeeds(model: Model, from: DataSource | string = 'random:2'): Promise<Feeds[]> {
  const data = typeof from === 'string' ? await openData(from) : from;
  const feeds: Feeds[] = [];
  for await (const batch of data.batches({ inputs: modelInputs(model) })) feeds.push(batch.feeds);
  return feeds;
}

/** Largest difference of a float output between two models that ought to agree, relative to its largest magnitude. */
export async function outputDifference(a: Model, b: Model, feeds: readonly Feeds[]): Promise<number> {
  checkGraph(b.graph);
  const [first, second] = [await Session.open(a), await Session.open(b)];
  let worst = 0;
  for (const feed of feeds) {
    const [left, right] = [await first.run(feed), await second.run(feed)];
    for (const [name, tensor] of Object.entries(left)) {
      if (!isFloat(tensor.dtype)) continue;
      const [x, y] = [tensor.toFloat32(), right[name]!.toFloat32()];
      let [size, difference] = [0, 0];
      for (let i = 0; i < x.length; i++) {
        const [own, apart] = [x[i]! < 0 ? -x[i]! : x[i]!, x[i]! - y[i]!];
        if (own > size) size = own;
        if (apart > difference) difference = apart;
        else if (-apart > difference) difference = -apart;
        // A NaN is the largest difference.
        else if (!(apart <= difference)) difference = Infinity;
      }
      worst = Math.max(worst, difference === 0 ? 0 : difference / size);
    }
  }
  await Promise.all([first.dispose(), second.dispose()]);
  return worst;
}
