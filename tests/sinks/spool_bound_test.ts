import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import fs, {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setImmediate, setTimeout as sleep } from "node:timers/promises";
import type { Drained } from "../../src/sinks/batch.ts";
import { TAKE } from "../../src/sinks/sink.ts";
import { SpoolSink } from "../../src/sinks/spool.ts";
import { OldestFiles, type SpoolFile } from "../../src/spool/oldest_files.ts";
import { LARGE, testUnless } from "../support/conditions.ts";
import { TestEngine } from "../support/engine.ts";
import { drainedOf, keepAlive, upTo } from "../support/sinks.ts";
import { allNamesIn, bytesIn, namesIn, plant, readFiles, spooledNames } from "../support/spool_files.ts";
import { TempDirectory } from "../support/temp_directory.ts";

const largeTest = testUnless(LARGE, import.meta.url);

const DAY_MS = 86_400_000;

/** A batch of `count` spans, each with as many characters of attributes. */
function batchOf(count: number, characters = 0): Drained {
  return drainedOf(ci => {
    for (let i = 0; i < count; i++) {
      ci.scope("x", { index: i, attrs: { text: "y".repeat(characters) } }).end();
    }
  });
}

/** A sink of which the test says what time it is; ids count up, so that no lot is drawn. */
class TestSink extends SpoolSink {
  /** Milliseconds, and what each reading adds. */
  readonly time: { ms: number; stepMs: number };

  constructor(
    directory: string,
    maxBytes: number,
    options: { firstId?: string; unixMs?: () => number } = {},
  ) {
    const time = { ms: 0, stepMs: 0 };
    let ids = 0;
    super({
      directory,
      maxBytes,
      sdkVersion: "0",
      unixNs: () => BigInt(Math.floor((options.unixMs ?? Date.now)())) * 1_000_000n,
      randomId: () => (options.firstId ?? "ffffffff") + String(ids++).padStart(24, "0"),
      nowMs: () => time.ms += time.stepMs,
    });
    this.time = time;
  }

  /** Writes a file with a batch. */
  write(batch: Drained): void {
    this[TAKE](batch);
    this.commit();
  }

  get bytes(): number {
    return this.health().spool_bytes;
  }

  get dropCount(): number {
    return this.health().spool_drop_count;
  }

  get spanDropCount(): number {
    return this.health().spool_span_drop_count;
  }
}

/** Lets the event loop go round until `condition` holds. */
async function until(condition: () => boolean): Promise<void> {
  await keepAlive((async () => {
    while (!condition()) await sleep(1);
  })());
}

/** Counts what is asked of the file system until it is disposed of. */
class FileCalls {
  looks = 0;
  deletions = 0;
  listings = 0;
  readonly #originals = { lstatSync: fs.lstatSync, unlinkSync: fs.unlinkSync, readdirSync: fs.readdirSync };

  constructor() {
    const { lstatSync, unlinkSync, readdirSync } = this.#originals;
    this.#replace("lstatSync", lstatSync, () => this.looks++);
    this.#replace("unlinkSync", unlinkSync, () => this.deletions++);
    this.#replace("readdirSync", readdirSync, () => this.listings++);
  }

  #replace(name: string, original: unknown, note: () => void): void {
    const call = original as (...args: unknown[]) => unknown;
    Object.assign(fs, {
      [name]: (...args: unknown[]) => {
        note();
        return call(...args);
      },
    });
  }

  [Symbol.dispose](): void {
    Object.assign(fs, this.#originals);
  }
}

/** Counts what is asked of the file system while `act` runs. */
function callsIn(act: () => void): FileCalls {
  using calls = new FileCalls();
  act();
  return calls;
}

// The list.

largeTest("OldestFiles keeps the oldest of those offered, and gives them in order", () => {
  const files = upTo(1000).map(i => file(i * 7919 % 1000));
  const oldest = new OldestFiles(100);
  for (const one of files) oldest.offer(one);
  assertEquals([oldest.length, oldest.isComplete], [100, false]);
  while (!oldest.sort(7));
  const taken: number[] = [];
  for (let one = oldest.takeOldest(); one !== null; one = oldest.takeOldest()) taken.push(one.writtenMs);
  assertEquals([taken, oldest.length], [upTo(100), 0]);
});

largeTest(
  "OldestFiles takes files that are written later until it is full, and says when it is not complete",
  () => {
    const oldest = new OldestFiles(3);
    oldest.offer(file(1));
    assert(oldest.sort(10));
    for (const ms of [2, 3]) oldest.append(file(ms));
    assertEquals([oldest.takeOldest()!.writtenMs, oldest.isComplete], [1, true]);
    for (const ms of [4, 5, 6]) oldest.append(file(ms));
    assertEquals([oldest.length, oldest.isComplete], [3, false]);
    assertEquals([1, 2, 3, 4].map(() => oldest.takeOldest()?.writtenMs), [2, 3, 4, undefined]);
  },
);

largeTest("OldestFiles orders files of one moment by name", () => {
  const oldest = new OldestFiles();
  for (const name of ["b", "c", "a"]) oldest.offer({ ...file(1), name });
  assert(oldest.sort(10));
  assertEquals([1, 2, 3].map(() => oldest.takeOldest()!.name), ["a", "b", "c"]);
});

function file(writtenMs: number): SpoolFile {
  return { name: String(writtenMs), size: 1, writtenMs };
}

// What a flush costs.

largeTest("A flush at the bound neither lists the directory nor looks at its files", async () => {
  using folder = new TempDirectory();
  const begin = Date.now() - DAY_MS;
  for (let i = 0; i < 500; i++) plant(folder.path, begin + i);
  const sink = new TestSink(folder.path, 480_000);
  const batch = batchOf(1);
  sink.write(batch);
  await until(() => sink.bytes > 100_000 && sink.bytes <= 480_000 * 0.9);
  const calls = callsIn(() => {
    for (let i = 0; i < 10; i++) sink.write(batch);
  });
  assertEquals(calls.listings, 0);
  assert(calls.looks <= 40, `${calls.looks} files looked at`);
  sink.close();
});

largeTest("Eviction goes down to nine tenths of the bound, so the next flushes evict nothing", () => {
  using folder = new TempDirectory();
  const batch = batchOf(1);
  const sink = new TestSink(folder.path, 10_000);
  let evictions = 0;
  for (let i = 0; i < 300; i++) {
    const before = sink.dropCount;
    sink.write(batch);
    if (sink.dropCount > before) {
      evictions++;
      assert(sink.bytes <= 9000 && sink.bytes > 8000, `${sink.bytes} bytes`);
    }
  }
  assertEquals(sink.bytes, bytesIn(folder.path));
  assert(evictions > 10 && evictions < 150, `${evictions} evictions`);
  sink.close();
});

largeTest(
  "A flush deletes for as long as a turn of the event loop may take, and later turns the rest",
  async () => {
    using folder = new TempDirectory();
    const batch = batchOf(1);
    const sink = new TestSink(folder.path, 100_000);
    const filler = batchOf(1, 1000);
    for (let i = 0; i < 60; i++) sink.write(filler);
    sink.time.stepMs = 0.3;
    let most = 0;
    for (let i = 0; i < 60 && sink.dropCount === 0; i++) {
      const { deletions } = callsIn(() => sink.write(filler));
      most = Math.max(most, deletions);
    }
    assert(most > 0 && most <= 4, `${most} files in one flush`);
    const { deletions } = callsIn(() => sink.write(batch));
    assert(deletions > 0 && deletions <= 4, `${deletions} files in the next one`);
    await until(() => sink.bytes <= 90_000);
    assertEquals(sink.bytes, bytesIn(folder.path));
    sink.close();
  },
);

largeTest("A survey looks at a few files in a turn of the event loop", async () => {
  using folder = new TempDirectory();
  for (let i = 0; i < 100; i++) plant(folder.path, Date.now() - DAY_MS + i);
  const sink = new TestSink(folder.path, 1e9);
  sink.write(batchOf(1));
  sink.time.stepMs = 0.3;
  let most = 0;
  using calls = new FileCalls();
  while (sink.bytes < 100_000) {
    calls.looks = 0;
    await setImmediate();
    most = Math.max(most, calls.looks);
  }
  assert(most > 0 && most < 10, `${most} files in one turn`);
  assertEquals(sink.bytes, bytesIn(folder.path));
  sink.close();
});

for (
  const [what, passingMs] of [["a long survey", 0], [
    "an event loop that stands still in the middle of one",
    1000,
  ]] as const
) {
  largeTest(`The spool keeps its bound in spite of ${what}`, async () => {
    using folder = new TempDirectory();
    for (let i = 0; i < 100; i++) plant(folder.path, Date.now() - DAY_MS + i, 10);
    const sink = new TestSink(folder.path, 10_000);
    const batch = batchOf(1);
    sink.write(batch);
    sink.time.stepMs = 0.3; // a slice looks at three files
    using calls = new FileCalls();
    await until(() => calls.looks > 10);
    sink.time.stepMs = 0;
    for (let i = 0; i < 100; i++) {
      sink.time.ms += passingMs;
      sink.write(batch);
      assert(sink.bytes <= 13_000, `${sink.bytes} bytes`);
    }
    assert(sink.dropCount > 10);
    sink.close();
  });
}

// Others in the directory.

largeTest(
  "The spool finds what other processes write, and evicts the oldest, whoever wrote them",
  async () => {
    using folder = new TempDirectory();
    const sink = new TestSink(folder.path, 20_000);
    const batch = batchOf(1);
    sink.write(batch);
    await until(() => sink.bytes > 0);
    const old = upTo(30).map(i => plant(folder.path, Date.now() - DAY_MS + i));
    sink.time.ms += 1e6;
    for (let i = 0; i < 10; i++) sink.write(batch);
    const own = namesIn(folder.path).filter(name => !old.includes(name));
    await until(() => {
      sink.time.ms += 1e6;
      return bytesIn(folder.path) <= 18_000;
    });
    const left = namesIn(folder.path);
    assertEquals(left.filter(name => !old.includes(name)), own);
    assertEquals(left.filter(name => old.includes(name)), old.slice(sink.dropCount));
    sink.close();
  },
);

largeTest("Two sinks that evict in one directory count each file once", async () => {
  using folder = new TempDirectory();
  for (let i = 0; i < 50; i++) plant(folder.path, Date.now() - DAY_MS + i);
  const sinks = ["aaaaaaaa", "bbbbbbbb"].map(firstId => new TestSink(folder.path, 30_000, { firstId }));
  const batch = batchOf(1);
  for (const sink of sinks) sink.write(batch);
  await until(() => sinks.every(sink => sink.bytes > 1000 && sink.bytes <= 30_000));
  const evicted = 52 - namesIn(folder.path).length;
  assertEquals(sinks[0].dropCount + sinks[1].dropCount, evicted);
  for (const sink of sinks) sink.close();
});

largeTest("Temporary files count, and go when they are stale", async () => {
  using folder = new TempDirectory();
  const stale = plant(folder.path, Date.now() - DAY_MS, 1000, ".tmp");
  const future = plant(folder.path, Date.now() + DAY_MS, 1000, ".tmp");
  const fresh = plant(folder.path, Date.now() - 60_000, 1000, ".tmp");
  const foreign = "notes.json.tmp";
  writeFileSync(join(folder.path, foreign), "x");
  utimesSync(join(folder.path, foreign), 1, 1);
  const sink = new TestSink(folder.path, 1e6);
  sink.write(batchOf(1));
  const own = sink.bytes;
  await until(() => sink.bytes > own);
  assertEquals(sink.bytes, own + 1000);
  const names = namesIn(folder.path);
  assertEquals([stale, future, fresh, foreign].map(name => names.includes(name)), [false, false, true, true]);
  assertEquals(sink.dropCount, 0);
  sink.close();
});

// The clock.

largeTest("After the clock was set back, what is written stays, and what is dated later goes", async () => {
  using folder = new TempDirectory();
  const past = upTo(5).map(i => plant(folder.path, Date.now() - DAY_MS + i));
  const later = upTo(10).map(i => plant(folder.path, Date.now() + DAY_MS + i));
  const sink = new TestSink(folder.path, 14_000);
  const batch = batchOf(1);
  for (let i = 0; i < 5; i++) sink.write(batch);
  const own = namesIn(folder.path).filter(name => !past.includes(name) && !later.includes(name));
  assertEquals(own.length, 5);
  await until(() => bytesIn(folder.path) <= 12_600);
  assertEquals(namesIn(folder.path), [...past, ...own, ...later.slice(sink.dropCount)].sort());
  sink.close();
});

largeTest("A session whose own time lags, as after sleep, does not lose its newest files", async () => {
  using folder = new TempDirectory();
  const old = upTo(10).map(i => plant(folder.path, Date.now() - DAY_MS + i));
  const sink = new TestSink(folder.path, 10_000, { unixMs: () => Date.now() - 2 * DAY_MS });
  const batch = batchOf(1);
  for (let i = 0; i < 5; i++) sink.write(batch);
  await until(() => bytesIn(folder.path) <= 9000);
  const left = namesIn(folder.path);
  assertEquals(left.filter(name => !old.includes(name)).length, 5);
  assertEquals(left.filter(name => old.includes(name)), old.slice(sink.dropCount));
  sink.close();
});

// The end of a process.

largeTest(
  "A process that ends before it has looked at the directory keeps the bound, where it wrote much of it",
  () => {
    using folder = new TempDirectory();
    for (let i = 0; i < 50; i++) plant(folder.path, Date.now() - DAY_MS + i);
    const ci = new TestEngine();
    ci.profile({
      output: "spool",
      outputDir: folder.path,
      spoolMaxBytes: 20_000,
      flushIntervalMs: 3_600_000,
    });
    ci.scope("x").end();
    ci.engine.shutdown();
    assert(bytesIn(folder.path) <= 18_000);
    assertEquals(ci.engine.health().spool_bytes, bytesIn(folder.path));
  },
);

for (const [firstId, share] of [["00000000", "the lot falls on it"], ["ffffffff", "it does not"]]) {
  largeTest(
    `A process that wrote a small part of the bound looks at the directory at its end if ${share}`,
    () => {
      using folder = new TempDirectory();
      for (let i = 0; i < 50; i++) plant(folder.path, Date.now() - DAY_MS + i, 10_000);
      const sink = new TestSink(folder.path, 400_000, { firstId });
      sink.write(batchOf(1));
      sink.close();
      assertEquals(bytesIn(folder.path) <= 400_000, firstId === "00000000");
    },
  );
}

// Links.

largeTest(
  "A spool directory that is a link is refused: nothing is written or deleted behind it, and it is counted",
  () => {
    using folder = new TempDirectory();
    const victim = join(folder.path, "victim");
    mkdirSync(victim);
    for (let i = 0; i < 5; i++) plant(victim, 1000 + i);
    const before = namesIn(victim);
    symlinkSync(victim, join(folder.path, "link"));
    const ci = new TestEngine();
    ci.profile({
      output: "spool",
      outputDir: join(folder.path, "link"),
      spoolMaxBytes: 0,
      flushIntervalMs: 3_600_000,
    });
    for (let i = 0; i < 3; i++) {
      ci.scope("x").end();
      ci.engine.flush();
    }
    ci.engine.shutdown();
    assertEquals(namesIn(victim), before);
    assertEquals(ci.engine.health().spool_span_drop_count, 4);
    assertEquals(ci.warnings.length, 1);
    assertMatch(
      ci.warnings[0],
      /Spool directory ".*link" is a link, which is not followed: give the directory/,
    );
    assertEquals(ci.dict().span_count, 4);
  },
);

largeTest("A link that leads nowhere is refused as well", () => {
  using folder = new TempDirectory();
  symlinkSync(join(folder.path, "nowhere"), join(folder.path, "link"));
  const sink = new TestSink(join(folder.path, "link"), 0);
  assertThrows(() => sink.write(batchOf(1)), Error, "is a link");
  assertEquals(existsSync(join(folder.path, "nowhere")), false);
});

largeTest("A spool directory below a link is the user's own choice", () => {
  using folder = new TempDirectory();
  using target = new TempDirectory();
  symlinkSync(target.path, join(folder.path, "link"));
  const sink = new TestSink(join(folder.path, "link", "spool"), 1e6);
  sink.write(batchOf(1));
  sink.close();
  assertEquals(spooledNames(join(target.path, "spool")).length > 0, true);
});

largeTest("A directory that becomes a link is not followed, neither to write nor to delete", async () => {
  using folder = new TempDirectory();
  const directory = join(folder.path, "spool");
  const victim = join(folder.path, "victim");
  mkdirSync(victim);
  for (let i = 0; i < 5; i++) plant(victim, 1000 + i);
  const before = namesIn(victim);
  const sink = new TestSink(directory, 50_000);
  sink.time.stepMs = 2; // a deletion per turn
  const batch = batchOf(1, 1000);
  while (sink.dropCount === 0) sink.write(batch);
  const names = namesIn(directory); // some of which would be deleted in the next turns
  renameSync(directory, join(folder.path, "moved"));
  for (const name of names) writeFileSync(join(victim, name), "precious");
  symlinkSync(victim, directory);
  assertThrows(() => sink.write(batch), Error, "is a link");
  using calls = new FileCalls();
  await until(() => calls.looks > 0); // the turn in which it would delete
  assertEquals(namesIn(victim), [...before, ...names].sort());
  unlinkSync(directory);
  sink.commit();
  sink.close();
  assertEquals(readFiles(directory).length, 1);
  assertEquals(sink.spanDropCount, 0);
});

// Batches that wait.

largeTest("What could not be written is written when it can be, and nothing is lost within the bound", () => {
  using folder = new TempDirectory();
  const directory = join(folder.path, "spool");
  writeFileSync(directory, "a file where the directory should be");
  const ci = new TestEngine();
  ci.profile({ output: "spool", outputDir: directory, flushIntervalMs: 3_600_000 });
  for (let i = 0; i < 50; i++) {
    ci.scope("x", { index: i }, () => ci.mark("m", i));
    ci.engine.flush();
  }
  assertEquals(ci.warnings.length, 1);
  unlinkSync(directory);
  ci.engine.shutdown();
  const { spool_span_drop_count, spool_mark_drop_count, sink_error_count } = ci.engine.health();
  assertEquals([spool_span_drop_count, spool_mark_drop_count, sink_error_count], [0, 0, 51]); // the start of the session too
  const files = readFiles(directory);
  assertEquals(spooledNames(directory), [...upTo(50).map(i => `x[${i}]`), "cirron.session"]);
  assertEquals(files.flatMap(({ marks }) => marks).map(mark => mark.value), upTo(50).map(BigInt));
  assertEquals(allNamesIn(directory).length, 2);
});

largeTest(
  "Beyond the bound the oldest spans go, and are counted: what was made is on disk or counted",
  () => {
    using folder = new TempDirectory();
    const directory = join(folder.path, "spool");
    writeFileSync(directory, "a file where the directory should be");
    const ci = new TestEngine();
    ci.profile({ output: "spool", outputDir: directory, flushIntervalMs: 3_600_000 });
    const attrs = { text: "y".repeat(4000) };
    for (let i = 0; i < 7000; i++) {
      ci.scope("x", { index: i, attrs }, () => ci.mark("m", i));
      if (i % 100 === 99) ci.engine.flush();
    }
    const dropped = ci.engine.health().spool_span_drop_count;
    assert(dropped > 2000 && dropped < 4000, `${dropped} spans`); // 29 MB were made, 16 wait
    unlinkSync(directory);
    ci.engine.shutdown();
    const { spool_span_drop_count, spool_mark_drop_count } = ci.engine.health();
    assertEquals([spool_span_drop_count, spool_mark_drop_count], [dropped, dropped]);
    assertEquals(spooledNames(directory), [
      ...upTo(7000).slice(dropped).map(i => `x[${i}]`),
      "cirron.session",
    ]);
    const marks = readFiles(directory).flatMap(one => one.marks);
    assertEquals(marks.length, 7000 - dropped);
  },
);

largeTest("A spool that cannot write tries once a flush, however much comes meanwhile", () => {
  using folder = new TempDirectory();
  const directory = join(folder.path, "spool");
  writeFileSync(directory, "");
  const sink = new TestSink(directory, 1e9);
  const batch = batchOf(100, 100);
  const { looks } = callsIn(() => {
    for (let flush = 0; flush < 3; flush++) {
      for (let i = 0; i < 50; i++) sink[TAKE](batch);
      assertThrows(() => sink.commit());
    }
  });
  assertEquals(looks, 3);
  assertThrows(() => {
    sink[TAKE](batch);
    sink.close();
  });
  assertEquals(sink.spanDropCount, 151 * 100);
  assertEquals(readFileSync(directory, "utf8"), "");
});

largeTest("A batch larger than what may wait is kept as long as it is the only one", () => {
  using folder = new TempDirectory();
  const directory = join(folder.path, "spool");
  writeFileSync(directory, "");
  const sink = new TestSink(directory, 1e9);
  assertThrows(() => sink[TAKE](batchOf(5000, 4000)));
  assertEquals(sink.spanDropCount, 0);
  unlinkSync(directory);
  sink.commit();
  assertEquals(readFiles(directory).flatMap(one => one.spans).length, 5000);
  sink.close();
});
