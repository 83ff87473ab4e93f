/**
 * Traces to make pages of, as columns at once: a server with requests in flight, and a training loop. The same each time.
 *
 * @module
 */
import { IdSeries } from "../src/data/id_series.ts";
import type { Snapshot } from "../src/data/snapshot.ts";
import type { Attrs, MarkValue } from "../src/data/values.ts";

/** Numbers from 0 to 1, always the same ones. */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Made {
  parent: number;
  name: string;
  index: number;
  startNs: number;
  endNs: number;
  cpuNs: number;
  gpuNs: number;
  memory: number;
  loadNs: number;
  thread: number;
  isOpen?: boolean;
  attrs?: Attrs;
  marks?: readonly (readonly [name: string, value: MarkValue, atNs: number])[];
}

/** One span; more of it by name. */
function span(parent: number, name: string, startNs: number, endNs: number, more: Partial<Made> = {}): Made {
  const none = { index: NaN, cpuNs: NaN, gpuNs: NaN, memory: NaN, loadNs: NaN, thread: 0 };
  return { ...none, parent, name, startNs: Math.round(startNs), endNs: Math.round(endNs), ...more };
}

/** Spans by number of their opening, from 1. */
class Spans {
  readonly all: Made[] = [];

  add(made: Made): number {
    return this.all.push(made);
  }

  /** As the buffer would copy them out. */
  snapshot(threads: Snapshot["threads"] | null): Snapshot {
    // By opening, as ids are; then by close.
    const { all } = this;
    const byStart = Uint32Array.from(all.keys()).sort((a, b) => all[a].startNs - all[b].startNs || a - b);
    const idOf = new Float64Array(all.length + 1);
    byStart.forEach((one, i) => idOf[one + 1] = i + 1);
    const rows = Uint32Array.from(all.keys()).sort((a, b) =>
      Number(all[a].isOpen ?? false) - Number(all[b].isOpen ?? false) || all[a].endNs - all[b].endNs
      || idOf[b + 1] - idOf[a + 1]
    );
    const count = rows.length;
    const column = (read: (made: Made) => number) => Float64Array.from(rows, row => read(all[row]));
    const first = new Uint32Array(count + 1);
    const marks = [...rows].flatMap((row, i) => {
      const own = all[row].marks ?? [];
      first[i + 1] = first[i] + own.length;
      return own;
    });
    return {
      length: count,
      closedLength: all.reduce((sum, one) => sum + (one.isOpen === true ? 0 : 1), 0),
      anchorNs: 1_790_000_000_000_000_000n,
      ids: new IdSeries("0123456789abcdef"),
      id: Float64Array.from(rows, row => idOf[row + 1]),
      parent: column(made => idOf[made.parent]),
      name: Array.from(rows, row => all[row].name),
      index: column(made => made.index),
      startNs: column(made => made.startNs),
      endNs: column(made => made.endNs),
      counters: {
        cpu_ns: column(made => made.cpuNs),
        gpu_ns: column(made => made.gpuNs),
        memory_peak_bytes: column(made => made.memory),
      },
      dataLoadNs: column(made => made.loadNs),
      attrs: Array.from(rows, row => all[row].attrs),
      markCount: Uint32Array.from(rows, row => all[row].marks?.length ?? 0),
      marks: {
        first,
        name: marks.map(([name]) => name),
        value: marks.map(([, value]) => value),
        summary: new Uint8Array(marks.length),
        tsNs: Float64Array.from(marks, ([, , at]) => at),
        attrs: [],
        order: Float64Array.from(marks.keys()),
        drained: new Uint8Array(marks.length),
      },
      ...(threads === null ? {} : {
        threads: {
          ...threads!,
          of: Uint32Array.from(rows, row => all[row].thread),
        },
      }),
    };
  }
}

const ROUTES = ["/", "/users/:id", "/search", "/cart", "/checkout", "/feed"];
const MS = 1e6;

/** A server with some requests in flight on two threads: five to eight spans each, one in a hundred fails, and some are open. */
export function serverTrace(count: number): Snapshot {
  const roll = dice(7);
  const spans = new Spans();
  const wait = (meanMs: number) => -Math.log(1 - roll()) * meanMs * MS;
  const session = spans.add(span(0, "cirron.session", 0, 0, {
    isOpen: true,
    attrs: { pid: 4711, runtime: "deno", device: null },
  }));
  let now = 0.3 * MS;
  let last = 0;
  while (spans.all.length < count - 8) {
    now += wait(0.22);
    const route = ROUTES[Math.floor(roll() ** 2 * ROUTES.length)];
    const thread = roll() < 0.3 ? 1 : 0;
    const fails = roll() < 0.01;
    const slow = roll() < 0.003 ? 20 : 1;
    const status = fails ? 500 : 200;
    const attrs: Attrs = { method: route === "/cart" ? "POST" : "GET", route, status };
    if (fails) attrs.error = "TypeError: Cannot read the cart of a guest";
    const request = span(session, `request ${route}`, now, now, { thread, attrs });
    const id = spans.add(request);
    let at = now + wait(0.01);
    const step = (name: string, meanMs: number, cpu: number, more: Partial<Made> = {}): number => {
      const end = at + wait(meanMs);
      const child = spans.add(
        span(id, name, at, end, { thread, cpuNs: Math.round((end - at) * cpu), ...more }),
      );
      at = end + wait(0.005);
      return child;
    };
    step("read session", 0.08, 0.2);
    const queries = 1 + Math.floor(roll() * 3);
    for (let i = 0; i < queries; i++) {
      step("query", 0.3 * (i === 0 ? slow : 1), 0.05, { index: i, attrs: { rows: Math.floor(roll() * 50) } });
    }
    const rendered = step("render", 0.35, 0.95, fails ? { attrs: { error: attrs.error } } : {});
    const { startNs, endNs } = spans.all[rendered - 1];
    spans.add(
      span(rendered, "serialise", startNs + (endNs - startNs) * 0.4, startNs + (endNs - startNs) * 0.8, {
        thread,
        cpuNs: Math.round((endNs - startNs) * 0.39),
      }),
    );
    request.endNs = Math.round(at);
    request.cpuNs = Math.round((request.endNs - request.startNs) * (0.4 + 0.2 * roll()));
    request.memory = Math.round(80e6 + 30e6 * Math.sin(now / 9e8) + 10e6 * roll());
    request.marks = roll() < 0.3
      ? [["queue depth", Math.floor(4 + 3 * Math.sin(now / 2e8) + roll() * 3), now]]
      : [];
    last = Math.max(last, request.endNs);
  }
  for (const open of ["/feed", "/search", "/feed"]) {
    spans.add(
      span(session, `request ${open}`, last * (0.9 + 0.03 * roll()), last, {
        isOpen: true,
        attrs: { route: open },
      }),
    );
  }
  spans.all[0].endNs = Math.round(last);
  const thread = (threadId: number, name: string | null) => ({ pid: 4711, rank: NaN, threadId, name });
  return spans.snapshot({ list: [thread(0, null), thread(1, "worker")], of: new Uint32Array(0) });
}

/** Epochs of batches whose loading takes longer and longer, with loss and a GPU. */
export function trainingTrace(epochs = 5, batches = 200): Snapshot {
  const roll = dice(3);
  const spans = new Spans();
  const session = spans.add(
    span(0, "cirron.session", 0, 0, { attrs: { pid: 812, runtime: "bun", device: "NVIDIA H100" } }),
  );
  let now = 2 * MS;
  for (let e = 0; e < epochs; e++) {
    const epoch = span(session, "epoch", now, now, { index: e });
    const epochId = spans.add(epoch);
    for (let b = 0; b < batches; b++) {
      const k = e * batches + b;
      const loadNs = Math.round((0.4 + 1.8 * k / (epochs * batches)) * MS * (0.8 + 0.4 * roll()));
      now += loadNs;
      const start = now;
      const length = (3 + roll()) * MS;
      const loss = 2.3 * Math.exp(-k / 300) + 0.08 * roll() + 0.02;
      const batch = spans.add(span(epochId, "batch", start, start + length, {
        index: b,
        loadNs,
        cpuNs: Math.round(length * 0.7),
        gpuNs: Math.round(length * (0.5 + 0.2 * roll())),
        memory: Math.round(1.2e9 + 2e5 * k),
        marks: [["loss", loss, start + length - 1000], ["lr", 0.01 * 0.999 ** k, start + length - 900]],
      }));
      let at = start;
      for (
        const [name, part, cpu, gpu] of [["forward", 0.35, 0.5, 0.9], ["backward", 0.45, 0.6, 0.95], [
          "optimizer.step",
          0.15,
          0.9,
          0.3,
        ]] as const
      ) {
        const end = at + length * part;
        spans.add(span(batch, name, at, end, {
          cpuNs: Math.round((end - at) * cpu),
          gpuNs: Math.round((end - at) * gpu),
        }));
        at = end;
      }
      now = start + length;
    }
    const evaluate = spans.add(span(epochId, "evaluate", now, now + 60 * MS, {
      cpuNs: Math.round(50 * MS),
      marks: [["accuracy", 0.6 + 0.08 * e, now + 59 * MS], ["val loss", 2 * Math.exp(-e), now + 59 * MS]],
      ...(e === 3 ? { attrs: { error: "RangeError: label 10 of 10" } } : {}),
    }));
    spans.add(span(evaluate, "forward", now + MS, now + 50 * MS, { cpuNs: Math.round(40 * MS) }));
    now += 61 * MS;
    epoch.endNs = Math.round(now);
    epoch.cpuNs = Math.round((epoch.endNs - epoch.startNs) * 0.6);
  }
  spans.all[0].endNs = Math.round(now + MS);
  return spans.snapshot(null);
}
