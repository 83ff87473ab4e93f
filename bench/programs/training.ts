/**
 * A program as they are, with and without recording: prints the nanoseconds that recording adds, by the span. Arguments: `wall`
 * or `cpu`, the most microseconds that a piece of work takes, and the seconds to measure for.
 *
 * Work is a computation, not so long on a clock: that would end a little earlier after recording.
 *
 * @module
 */
import process from "node:process";
import * as ci from "../../mod.ts";

const BATCHES = 20;
const SPANS = 1 + BATCHES * 4 + 2;

const [counters, mostUs, seconds] = process.argv.slice(2);
let product = 0n;
let worked = 0;

/** One multiplication in the runtime's own code: what a compiler makes of its caller does not change what it takes. */
function work(factor: bigint): number {
  product = factor * factor;
  return worked++;
}

/** A number whose square takes at least so many microseconds to compute. */
function factorOf(us: number): bigint {
  for (let digits = 8;; digits *= 1.2) {
    const factor = (1n << BigInt(Math.round(64 * digits))) - 1n;
    let leastUs = Infinity;
    for (let i = 0; i < 5; i++) {
      const beginMs = performance.now();
      for (let k = 0; k < 5; k++) work(factor);
      leastUs = Math.min(leastUs, (performance.now() - beginMs) * 200);
    }
    if (leastUs >= us) return factor;
  }
}

// From 1 us on, short ones as often as long ones on a scale of powers; the same in every epoch.
const COUNT = BATCHES * 3 + 3;
const factors = Array.from({ length: COUNT }, (_, i) => {
  return mostUs === "0" ? 3n : factorOf(Number(mostUs) ** (i * 37 % COUNT / (COUNT - 1)));
});

// An epoch is timed in pieces, one to a batch: other programs do not get into each of them.
const PIECES = BATCHES + 1;
const stamps = new Float64Array(PIECES + 1);
let stamped = 0;
function stamp(): void {
  stamps[stamped++] = performance.now();
}

async function plain(): Promise<void> {
  let at = 0;
  for (let i = 0; i < BATCHES; i++) {
    stamp();
    work(factors[at++]);
    work(factors[at++]);
    work(factors[at++]);
  }
  validate(factors[at++]);
  await save(factors[at++], factors[at++]);
}

async function recorded(): Promise<void> {
  for (const _epoch of ci.epochs(1)) {
    let at = 0;
    for (const batch of ci.batches(BATCHES)) {
      stamp();
      const load = ci.scope("load", { attrs: { rows: batch } });
      work(factors[at++]);
      load.end();
      {
        using _forward = ci.scope("forward");
        ci.mark("activation", work(factors[at++]));
      }
      ci.scope("backward", () => ci.mark("loss", work(factors[at++])));
    }
    ci.scope("validate", scope => scope.mark("accuracy", validate(factors[at++]), { kind: "summary" }));
    await ci.scope("save", () => save(factors[at++], factors[at++]));
  }
}

function validate(factor: bigint): number {
  return work(factor);
}

async function save(before: bigint, after: bigint): Promise<void> {
  work(before);
  await null;
  work(after);
}

/** Runs an epoch, and adds what each of its pieces took. */
async function time(epoch: () => Promise<void>, tookMs: readonly number[][]): Promise<void> {
  stamped = 0;
  stamp();
  await epoch();
  stamp();
  tookMs.forEach((values, i) => values.push(stamps[i + 1] - stamps[i]));
}

/** The sum over the pieces of what each takes where nothing disturbs it. */
function undisturbedNs(tookMs: readonly number[][]): number {
  return tookMs.reduce((sum, values) => sum + values.sort((a, b) => a - b)[values.length >> 2] * 1e6, 0);
}

ci.profile({ output: "none", counters: counters === "cpu" ? {} : { cpu: false } });
const [plainMs, recordedMs] = [plain, recorded].map(() => Array.from({ length: PIECES }, (): number[] => []));
const warmMs = performance.now() + Number(seconds) * 250;
const untilMs = performance.now() + Number(seconds) * 1000;
for (let isWarm = false; performance.now() < untilMs;) {
  await time(plain, plainMs);
  await time(recorded, recordedMs);
  if (!isWarm && performance.now() > warmMs) {
    isWarm = true;
    for (const values of [...plainMs, ...recordedMs]) values.length = 0;
  }
}
console.log((undisturbedNs(recordedMs) - undisturbedNs(plainMs)) / SPANS);
if (product === 0n) throw new Error("Nothing was worked");
