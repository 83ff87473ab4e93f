import { assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { protobufCodec } from "../../../src/formats/otlp/codec.ts";
import { SpanQueue } from "../../../src/sinks/otlp/queue.ts";
import { Sender } from "../../../src/sinks/otlp/sender.ts";
import type { Outcome } from "../../../src/sinks/otlp/transport.ts";

const TAKEN: Outcome = { kind: "taken", answer: { rejected: 0, message: "" } };
const AWAY: Outcome = { kind: "again", afterMs: null, reason: "HTTP 503" };

/** A sender whose receiver gives these outcomes, then takes all; and whose timers end when they are told to. */
class Bench {
  readonly queue: SpanQueue;
  readonly sender: Sender;
  /** What each wait was asked for. */
  readonly waits: number[] = [];
  requests = 0;
  #wake: (() => void) | null = null;

  constructor(outcomes: readonly Outcome[], queueSpans = 1000) {
    const left = [...outcomes];
    this.queue = new SpanQueue(queueSpans, 1_000_000);
    this.sender = new Sender({
      queue: this.queue,
      batchSpans: 10,
      codec: protobufCodec(),
      resource: () => ({}),
      post: () => {
        this.requests++;
        return Promise.resolve(left.shift() ?? TAKEN);
      },
      later: (ms, run) => {
        this.waits.push(ms);
        this.#wake = run;
        return () => this.#wake = null;
      },
      random: () => 0.5,
    });
  }

  add(count: number): void {
    this.queue.add({ bytes: new Uint8Array(count), count });
    this.sender.start();
  }

  /** Ends the wait that is on. */
  wake(): void {
    this.#wake?.();
  }

  /** Spans by what became of them: sent, rejected, dropped, waiting. */
  get fates(): [number, number, number, number] {
    const { sentCount, rejectCount, dropCount, underway } = this.sender;
    return [sentCount, rejectCount, dropCount + this.queue.dropCount, this.queue.length + underway];
  }
}

test("What waits is sent, a request at a time", async () => {
  const bench = new Bench([]);
  for (const count of [6, 6, 6]) bench.add(count);
  await bench.sender.settled();
  assertEquals([bench.fates, bench.requests], [[18, 0, 0, 0], 3]);
  await bench.sender.settled();
});

test("A partial success counts what was not taken", async () => {
  const bench = new Bench([{ kind: "taken", answer: { rejected: 2, message: "too old" } }]);
  bench.add(5);
  await bench.sender.settled();
  assertEquals([bench.fates, bench.sender.lastError], [[3, 2, 0, 0], "too old"]);
});

test("An answer with nonsense rejects no more than were sent, and one that cannot be read none", async () => {
  for (
    const [answer, fates] of [
      [{ rejected: 1e9, message: "" }, [0, 5, 0, 0]],
      [{ rejected: -3, message: "" }, [5, 0, 0, 0]],
      [{ rejected: NaN, message: "" }, [5, 0, 0, 0]],
      [null, [5, 0, 0, 0]],
    ] as const
  ) {
    const bench = new Bench([{ kind: "taken", answer }]);
    bench.add(5);
    await bench.sender.settled();
    assertEquals(bench.fates, [...fates]);
  }
});

test("A refusal is not tried again, and what waits behind it is sent", async () => {
  const bench = new Bench([{ kind: "refused", reason: "HTTP 400" }]);
  bench.add(7);
  bench.add(7);
  await bench.sender.settled();
  assertEquals([bench.fates, bench.sender.lastError], [[7, 7, 0, 0], "HTTP 400"]);
});

test("A receiver that is away is tried again ever later, or when it says, and settled() does not wait for that", async () => {
  const later: Outcome = { kind: "again", afterMs: 7000, reason: "HTTP 429" };
  const bench = new Bench([AWAY, AWAY, later, AWAY]);
  bench.add(3);
  for (let i = 0; i < 4; i++) {
    await bench.sender.settled();
    await setImmediate();
    assertEquals(bench.fates, [0, 0, 0, 3]);
    bench.wake();
  }
  await bench.sender.settled();
  assertEquals([bench.fates, bench.waits], [[3, 0, 0, 0], [1000, 2000, 7000, 8000]]);
});

test("While it is away the newest wait, up to the bound", async () => {
  const bench = new Bench([AWAY], 20);
  for (let i = 0; i < 10; i++) bench.add(5);
  await setImmediate();
  assertEquals(bench.fates, [0, 0, 25, 25]); // 5 under way, 20 wait
  bench.wake();
  await bench.sender.settled();
  assertEquals(bench.fates, [25, 0, 25, 0]);
});

test("close() tries once more and drops what does not get through", async () => {
  const bench = new Bench([AWAY, AWAY]);
  for (const count of [10, 10, 4]) bench.add(count);
  await setImmediate();
  await bench.sender.close();
  assertEquals([bench.fates, bench.requests, bench.waits.length], [[0, 0, 24, 0], 2, 1]);
  const well = new Bench([]);
  well.add(4);
  await well.sender.close();
  assertEquals(well.fates, [4, 0, 0, 0]);
});

test("What throws on the way, whatever it is, is counted and reaches nobody", async () => {
  const queue = new SpanQueue(1000, 1_000_000);
  let calls = 0;
  const sender = new Sender({
    queue,
    batchSpans: 10,
    codec: protobufCodec(),
    resource: () => ({}),
    post: () => {
      if (++calls === 1) throw new Error("at once");
      return calls === 2 ? Promise.reject(new Error("later")) : Promise.resolve(TAKEN);
    },
    later: () => () => {},
    random: () => 0.5,
  });
  for (const count of [6, 7, 8]) queue.add({ bytes: new Uint8Array(count), count });
  sender.start();
  await sender.settled();
  assertEquals([sender.sentCount, sender.dropCount, sender.errorCount, sender.underway], [8, 13, 2, 0]);
});

test(
  "Whatever a receiver answers, every span is sent, rejected, dropped or waits, once",
  async () => {
    const outcome: fc.Arbitrary<Outcome> = fc.oneof(
      fc.constant(TAKEN),
      fc.constant(AWAY),
      fc.record({
        kind: fc.constant("taken" as const),
        answer: fc.option(
          fc.record({ rejected: fc.integer({ min: -2, max: 30 }), message: fc.constant("") }),
        ),
      }),
      fc.record({ kind: fc.constant("refused" as const), reason: fc.constant("HTTP 400") }),
    );
    const step = fc.oneof(
      fc.integer({ min: 1, max: 12 }),
      fc.constant("wake" as const),
      fc.constant("turn" as const),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(outcome), fc.array(step), async (outcomes, steps) => {
        const bench = new Bench(outcomes, 30);
        let made = 0;
        for (const one of steps) {
          if (one === "wake") bench.wake();
          else if (one === "turn") await setImmediate();
          else {
            bench.add(one);
            made += one;
          }
          assertEquals(bench.fates.reduce((sum, count) => sum + count), made);
        }
        await bench.sender.close();
        assertEquals(bench.fates.reduce((sum, count) => sum + count), made);
        assertEquals(bench.fates[3], 0);
      }),
      { numRuns: 200 },
    );
  },
);
