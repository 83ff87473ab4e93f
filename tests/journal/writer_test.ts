import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { SpanEncoder } from "../../src/journal/encode.ts";
import type { JournalKind } from "../../src/journal/format.ts";
import type { Problem } from "../../src/journal/problem.ts";
import { readSpans } from "../../src/journal/read_spans.ts";
import { recorderIn } from "../../src/journal/run_folder.ts";
import { bytesSource } from "../../src/journal/source.ts";
import { JournalWriter } from "../../src/journal/writer.ts";
import { columnsOf, FakeFiles, SESSION, span, systemError } from "../support/journal.ts";
import { upTo } from "../support/sinks.ts";
import { TempDirectory } from "../support/temp_directory.ts";

const RUN = "01767323046678901234-1234";

/** A journal in a directory of its own, of which the test says what time it is. */
class TestJournal implements Disposable {
  readonly base = new TempDirectory();
  readonly directory: string = join(this.base.path, ".cirron", "journal");
  readonly writer: JournalWriter;
  ms = 0;
  readonly #encoder = new SpanEncoder();

  constructor(segmentBytes = 1 << 20) {
    this.writer = new JournalWriter({
      directory: this.directory,
      run: RUN,
      session: SESSION,
      segmentBytes,
      files: null,
      nowMs: () => this.ms,
    });
  }

  get folder(): string {
    return this.writer.folder;
  }

  /** Writes a batch of one span. */
  write(id: number, kind: JournalKind = "spans"): Problem | null {
    return this.writer.write(kind, this.#encoder.encode(columnsOf([span(id)]), 0, 1));
  }

  /** The same, and says that it went well. */
  writeWell(...ids: number[]): void {
    for (const id of ids) assertEquals(this.write(id), null);
  }

  /** Ids of the spans that a reader finds. */
  ids(folder: string = this.folder): number[] {
    const sources = recorderIn(folder).segments.spans.map(path => bytesSource(readFileSync(path)));
    return [...readSpans(sources).id];
  }

  names(): string[] {
    return readdirSync(this.folder).sort();
  }

  [Symbol.dispose](): void {
    this.writer.close({ ended_unix_ns: "1" });
    this.base[Symbol.dispose]();
  }
}

test("JournalWriter makes folders and files that are its user's alone, and keeps them out of a repository", () => {
  using journal = new TestJournal();
  journal.writeWell(1, 2);
  assertEquals(journal.write(3, "opens"), null);
  assertEquals(journal.folder, join(journal.directory, RUN, "0"));
  assertEquals(journal.names(), ["opens.arrow", "session.json", "spans.arrow"]);
  assertEquals(journal.ids(), [1, 2]);
  for (const path of [journal.directory, journal.folder]) assertEquals(statSync(path).mode & 0o777, 0o700);
  for (const name of journal.names()) assertEquals(statSync(join(journal.folder, name)).mode & 0o777, 0o600);
  assertEquals(readFileSync(join(journal.directory, "..", ".gitignore"), "utf8"), "*\n");
});

test("JournalWriter leaves a .gitignore that is there as it is, and makes none outside .cirron", () => {
  using journal = new TestJournal();
  mkdirSync(join(journal.base.path, ".cirron"));
  const path = journal.base.write(".cirron/.gitignore", "mine\n");
  journal.writeWell(1);
  assertEquals(readFileSync(path, "utf8"), "mine\n");
  using other = new TempDirectory();
  const directory = join(other.path, "runs");
  const writer = new JournalWriter({
    directory,
    run: RUN,
    session: SESSION,
    segmentBytes: 1000,
    files: null,
    nowMs: () => 0,
  });
  assertEquals(writer.open(), null);
  assertEquals(readdirSync(other.path), ["runs"]);
});

test("session.json says what the recorder says of itself, and at its end that it ended", () => {
  using journal = new TestJournal();
  assertEquals(journal.writer.open(), null);
  assertEquals(recorderIn(journal.folder).session, SESSION);
  assertEquals(journal.writer.update({ span_drop_count: 7 }), null);
  assertEquals(recorderIn(journal.folder).session, { ...SESSION, span_drop_count: 7 });
  journal.writeWell(1);
  assertEquals(journal.writer.close({ ended_unix_ns: "99" }), null);
  const ended = { ...SESSION, span_drop_count: 7, ended_unix_ns: "99" };
  assertEquals(recorderIn(journal.folder).session, ended);
  // Twice is once, and nothing is written after.
  assertEquals(journal.writer.close({ ended_unix_ns: "100" }), null);
  assertEquals(recorderIn(journal.folder).session, ended);
  assertEquals([journal.write(2)?.code, journal.writer.open()?.code, journal.writer.update({})?.code], [
    "ECLOSED",
    "ECLOSED",
    "ECLOSED",
  ]);
  assertEquals(journal.ids(), [1]);
});

test("A writer that never wrote makes nothing, also when it is closed", () => {
  using journal = new TestJournal();
  assertEquals(journal.writer.update({ span_drop_count: 1 }), null);
  assertEquals(journal.writer.close({ ended_unix_ns: "1" }), null);
  assertEquals(existsSync(journal.directory), false);
});

test("A segment ends before it would be too large; the next has a schema of its own, and readers take them in order", () => {
  using journal = new TestJournal(6000);
  journal.writeWell(...upTo(40));
  const { spans } = recorderIn(journal.folder).segments;
  assert(spans.length > 5, `${spans.length}`);
  assertEquals(spans.slice(0, 2).map(path => path.slice(journal.folder.length + 1)), [
    "spans.arrow",
    "spans.00001.arrow",
  ]);
  for (const path of spans) assert(statSync(path).size <= 6000);
  assertEquals(journal.ids(), upTo(40));
  // One that is larger than a segment may be gets one of its own.
  using small = new TestJournal(10);
  small.writeWell(1, 2);
  assertEquals(recorderIn(small.folder).segments.spans.length, 2);
  assertEquals(small.ids(), [1, 2]);
});

test("A write that takes only part of a message goes on", () => {
  using journal = new TestJournal();
  using files = new FakeFiles();
  files.replace(
    "writeSync",
    (write, [file, bytes, at, length]) => write(file, bytes, at, Math.min(100, length as number)),
  );
  journal.writeWell(1, 2, 3);
  files.restore();
  assertEquals(journal.ids(), [1, 2, 3]);
});

for (const code of ["ENOSPC", "EAGAIN", "EIO", "EDQUOT"]) {
  test(`Where a write fails in the middle with ${code}, nothing of the message is left, and it can be given again`, () => {
    using journal = new TestJournal();
    journal.writeWell(1);
    const { size } = statSync(join(journal.folder, "spans.arrow"));
    using files = new FakeFiles();
    let writes = 0;
    files.replace("writeSync", (write, [file, bytes, at, length]) => {
      if (++writes % 3 === 0) throw systemError(code);
      return write(file, bytes, at, Math.min(100, length as number));
    });
    assertEquals(journal.write(2)?.code, code);
    files.restore();
    assertEquals(statSync(join(journal.folder, "spans.arrow")).size, size);
    journal.writeWell(2, 3);
    assertEquals([journal.names(), journal.ids()], [["session.json", "spans.arrow"], [1, 2, 3]]);
  });
}

test("A write of nothing is a failure, not a loop without end", () => {
  using journal = new TestJournal();
  journal.writeWell(1);
  using files = new FakeFiles();
  files.replace("writeSync", () => 0);
  assertEquals(journal.write(2)?.code, "EIO");
  files.restore();
  journal.writeWell(3);
  assertEquals(journal.ids(), [1, 3]);
});

test("Where half a message cannot be taken back the segment is left, and what follows goes into the next", () => {
  using journal = new TestJournal();
  journal.writeWell(1);
  using files = new FakeFiles();
  let writes = 0;
  files.replace("writeSync", (write, [file, bytes, at]) => {
    if (writes++ > 0) throw systemError("EIO");
    return write(file, bytes, at, 50);
  });
  files.replace("ftruncateSync", () => {
    throw systemError("EIO");
  });
  assertEquals(journal.write(2)?.code, "EIO");
  files.restore();
  journal.writeWell(2, 3);
  assertEquals([journal.names(), journal.ids()], [["session.json", "spans.00001.arrow", "spans.arrow"], [
    1,
    2,
    3,
  ]]);
});

test("Where a segment cannot be begun, its number is kept for the next time, and no file without a schema is left", () => {
  using journal = new TestJournal();
  assertEquals(journal.writer.open(), null);
  using files = new FakeFiles();
  files.replace("openSync", () => {
    throw systemError("EMFILE");
  });
  assertEquals(journal.write(1)?.code, "EMFILE");
  files.restore();
  files.replace("writeSync", () => {
    throw systemError("ENOSPC");
  });
  assertEquals(journal.write(1)?.code, "ENOSPC");
  files.restore();
  assertEquals(journal.names(), ["session.json"]);
  journal.writeWell(2);
  assertEquals(journal.ids(), [2]);
});

test("Where session.json cannot be written there is no journal yet, and later there is", () => {
  using journal = new TestJournal();
  using files = new FakeFiles();
  files.replace("writeSync", () => {
    throw systemError("ENOSPC");
  });
  assertEquals([journal.write(1)?.code, journal.write(1)?.code], ["ENOSPC", "ENOSPC"]);
  files.restore();
  journal.writeWell(2);
  assertEquals([journal.names(), journal.ids()], [["session.json", "spans.arrow"], [2]]);
});

test("A file that the program closed is left alone, also when its number is another file's by now", () => {
  using journal = new TestJournal();
  const opened: number[] = [];
  using files = new FakeFiles();
  files.replace("openSync", (open, args) => {
    const file = open(...args) as number;
    opened.push(file);
    return file;
  });
  journal.writeWell(1);
  const victim = journal.base.write("victim", "precious");
  // The number of the segment now stands for another file.
  files.replace("fstatSync", (stat, [file]) => file === opened.at(-1) ? statSync(victim) : stat(file));
  files.replace("closeSync", (close, [file]) => {
    assert(file !== opened[1], "not ours any more");
    close(file);
  });
  journal.ms += 100;
  assertEquals(journal.write(2), null);
  files.restore();
  assertEquals(journal.names(), ["session.json", "spans.00001.arrow", "spans.arrow"]);
  assertEquals(journal.ids(), [1, 2]);
});

test("A folder that was removed is made anew within a tenth of a second, with its session.json", () => {
  using journal = new TestJournal();
  journal.writeWell(1);
  rmSync(join(journal.base.path, ".cirron"), { recursive: true });
  journal.writeWell(2); // into a file that has no name any more
  assertEquals(existsSync(journal.folder), false);
  journal.ms += 100;
  journal.writeWell(3);
  assertEquals(recorderIn(journal.folder).session, SESSION);
  assertEquals([journal.ids(), journal.writer.remakeCount], [[3], 1]);
  assert(existsSync(join(journal.base.path, ".cirron", ".gitignore")));
});

test("A folder that was renamed keeps what is in it, and a new one takes what comes", () => {
  using journal = new TestJournal();
  journal.writeWell(1);
  const moved = join(journal.base.path, "moved");
  renameSync(journal.folder, moved);
  journal.ms += 100;
  journal.writeWell(2);
  assertEquals([journal.ids(moved), journal.ids()], [[1], [2]]);
});

test("A folder in whose place a link was put is not written to, whatever part of its path it is", () => {
  for (const part of [[], [RUN], [RUN, "0"]]) {
    using journal = new TestJournal();
    journal.writeWell(1);
    using elsewhere = new TempDirectory();
    mkdirSync(join(elsewhere.path, RUN, "0"), { recursive: true });
    const path = join(journal.directory, ...part);
    rmSync(path, { recursive: true });
    symlinkSync(join(elsewhere.path, ...part), path);
    journal.ms += 100;
    for (const id of [2, 3]) assertMatch(journal.write(id)!.message, /is a link, which is not followed/);
    assertEquals(journal.writer.update({ rank: 1 }) === null, true); // for when there is a folder again
    assertEquals(readdirSync(elsewhere.path, { recursive: true }).sort(), [RUN, join(RUN, "0")]);
    unlinkSync(path);
    journal.writeWell(4);
    assertEquals(journal.ids(), [4]);
    assertEquals(recorderIn(journal.folder).session, { ...SESSION, rank: 1 });
  }
});

test("A link that was planted under a segment's name is not followed: the segment takes the next name", () => {
  using journal = new TestJournal();
  assertEquals(journal.writer.open(), null);
  const victim = journal.base.write("victim", "precious");
  symlinkSync(victim, join(journal.folder, "spans.arrow"));
  journal.writeWell(1);
  assertEquals(readFileSync(victim, "utf8"), "precious");
  assert(existsSync(join(journal.folder, "spans.00001.arrow")));
});

test("A segment that was deleted, cut or written to by somebody is left, and what follows goes into the next", () => {
  const harm: ((path: string) => void)[] = [
    unlinkSync,
    path => truncateSync(path, 10),
    path => writeFileSync(path, "more", { flag: "a" }),
  ];
  for (const act of harm) {
    using journal = new TestJournal();
    journal.writeWell(1);
    act(join(journal.folder, "spans.arrow"));
    journal.ms += 100;
    journal.writeWell(2);
    assert(existsSync(join(journal.folder, "spans.00001.arrow")));
    assertEquals(journal.ids().at(-1), 2);
  }
});

test("Between two looks at the folder a batch is one write and nothing else", () => {
  using journal = new TestJournal();
  journal.writeWell(1);
  using files = new FakeFiles();
  const calls: string[] = [];
  for (
    const name of ["writeSync", "fstatSync", "lstatSync", "openSync", "renameSync", "mkdirSync"] as const
  ) {
    files.replace(name, (call, args) => {
      calls.push(name);
      return call(...args);
    });
  }
  journal.writeWell(2, 3);
  assertEquals(calls, ["writeSync", "writeSync"]);
});

test("A directory that may not be written to is a problem each time, and nothing is thrown", () => {
  using journal = new TestJournal();
  mkdirSync(join(journal.base.path, ".cirron"));
  using files = new FakeFiles();
  files.replace("mkdirSync", () => {
    throw systemError("EACCES");
  });
  assertEquals([journal.write(1)?.code, journal.writer.open()?.code], ["EACCES", "EACCES"]);
  files.restore();
  journal.writeWell(2);
  chmodSync(journal.folder, 0o700);
});

test("A torn tail is read up to where it tears, and the next segment after it", () => {
  using journal = new TestJournal(5000);
  journal.writeWell(1, 2, 3, 4, 5, 6);
  const { spans } = recorderIn(journal.folder).segments;
  assert(spans.length > 1);
  truncateSync(spans[0], statSync(spans[0]).size - 3);
  const left = journal.ids();
  assertEquals(left.length, 5);
  assertEquals(left.slice(-1), [6]);
});
