/** A flow network whose cheapest cut splits its vertices into a source and a sink side. */
export class MinCut {
  readonly #head: number[] = [];
  readonly #next: number[] = [];
  readonly #to: number[] = [];
  readonly #capacity: number[] = [];
  readonly #source: number;
  readonly #sink: number;

  constructor() {
    this.#source = this.vertex();
    this.#sink = this.vertex();
  }

  /** Adds a vertex and returns its number. */
  vertex(): number {
    this.#head.push(-1);
    return this.#head.length - 1;
  }

  /** `cost` is paid when `from` ends on the source side and `to` on the sink side; Infinity forbids it. */
  edge(from: number, to: number, cost: number): void {
    this.#arc(from, to, cost);
    this.#arc(to, from, 0);
  }

  /** `cost` is paid when `vertex` ends on the sink side. */
  preferSource(vertex: number, cost: number): void {
    this.edge(this.#source, vertex, cost);
  }

  /** `cost` is paid when `vertex` ends on the source side. */
  preferSink(vertex: number, cost: number): void {
    this.edge(vertex, this.#sink, cost);
  }

  /**
   * The cheapest cut: true for vertices on the source side; of equally cheap cuts the one with the fewest there.
   *
   * Source: Dinic, "Algorithm for solution of a problem of maximum flow in networks with power estimation", 1970.
   */
  solve(): boolean[] {
    for (;;) {
      const levels = this.#levels();
      if (levels[this.#sink]! < 0) return levels.map((level) => level >= 0);
      const cursor = [...this.#head];
      while (this.#augment(levels, cursor) > 0);
    }
  }

  #arc(from: number, to: number, capacity: number): void {
    this.#to.push(to);
    this.#capacity.push(capacity);
    this.#next.push(this.#head[from]!);
    this.#head[from] = this.#to.length - 1;
  }

  #levels(): number[] {
    const levels = this.#head.map(() => -1);
    levels[this.#source] = 0;
    const queue = [this.#source];
    for (const vertex of queue) {
      for (let arc = this.#head[vertex]!; arc >= 0; arc = this.#next[arc]!) {
        const to = this.#to[arc]!;
        if (this.#capacity[arc]! <= 0 || levels[to]! >= 0) continue;
        levels[to] = levels[vertex]! + 1;
        queue.push(to);
      }
    }
    return levels;
  }

  /** Sends flow along one path of the level graph (iteratively: chains are as deep as the network). */
  #augment(levels: readonly number[], cursor: number[]): number {
    const path: number[] = [];
    let vertex = this.#source;
    while (vertex !== this.#sink) {
      const arc = this.#advance(vertex, levels, cursor);
      if (arc >= 0) {
        path.push(arc);
        vertex = this.#to[arc]!;
        continue;
      }
      const back = path.pop();
      if (back === undefined) return 0;
      vertex = this.#to[back ^ 1]!;
      cursor[vertex] = this.#next[back]!;
    }
    const flow = path.reduce((least, arc) => Math.min(least, this.#capacity[arc]!), Infinity);
    if (flow === Infinity) throw new Error('min cut: a path of forbidden edges leads from source to sink');
    for (const arc of path) {
      this.#capacity[arc]! -= flow;
      this.#capacity[arc ^ 1]! += flow;
    }
    return flow;
  }

  #advance(vertex: number, levels: readonly number[], cursor: number[]): number {
    for (; cursor[vertex]! >= 0; cursor[vertex] = this.#next[cursor[vertex]!]!) {
      const arc = cursor[vertex]!;
      if (this.#capacity[arc]! > 0 && levels[this.#to[arc]!] === levels[vertex]! + 1) return arc;
    }
    return -1;
  }
}
