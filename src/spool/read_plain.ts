/**
 * A spool file's bytes -> rows of columns, without an object for any of them: a fraction of the time that `JSON.parse` takes.
 *
 * It reads the files that this package and Python's write, whatever the order of the keys and whatever else they hold. A file with
 * anything that is out of the ordinary is left to the parser, as a whole: a row that is damaged, a key that is there twice, an integer
 * of more than 15 digits that is no moment, a number that JSON does not know.
 *
 * @module
 */
import { parseJson } from "../data/json_text.ts";
import { UNFINISHED } from "../data/session_names.ts";
import { cutText } from "../data/text_limits.ts";
import type { MarkValue } from "../data/values.ts";
import { decoder, encoder } from "../formats/byte_tables.ts";
import { TextPool } from "../formats/text_pool.ts";
import { COUNTERS } from "../meters/counters.ts";
import { NONE, type SpoolColumns } from "./columns.ts";
import { toValue } from "./decode.ts";
import { parseExact } from "./exact_json.ts";
import { SPOOL_SCHEMA_VERSION } from "./format.ts";
import type { IdTable } from "./id_table.ts";
import { JsonScanner, NotPlain } from "./json_scanner.ts";

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const SMALL_N = 0x6e;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** Digits of a whole number that is exact, whatever they are. */
const EXACT_DIGITS = 15;

/** Digits of nanoseconds in a second. */
const REST_DIGITS = 9;

/** Seconds that 64 bits of nanoseconds have room for. */
const MOST_SECONDS = 9_223_372_036;

/** Powers of ten that are exact. */
const EXACT_POWERS = 22;

const SPAN_KEYS: readonly string[] = [
  "id",
  "name",
  "parent_id",
  "trace_id",
  "index",
  "start_ns",
  "end_ns",
  "thread_id",
  "pid",
  "rank",
  "attrs",
  ...COUNTERS.map(({ column }) => column),
];

const MARK_KEYS: readonly string[] = [
  "id",
  "span_id",
  "name",
  "value_type",
  "value",
  "attrs",
  "ts_ns",
  "kind",
];

/** Where they lie in the lists: an engine compares numbers that it sees more quickly than what an object holds. */
const SPAN_ID = 0;
const SPAN_NAME = 1;
const SPAN_PARENT = 2;
const SPAN_TRACE = 3;
const SPAN_INDEX = 4;
const SPAN_START = 5;
const SPAN_END = 6;
const SPAN_THREAD = 7;
const SPAN_PID = 8;
const SPAN_RANK = 9;
const SPAN_ATTRS = 10;
const SPAN_COUNTERS = 11;
const SPAN_NEEDED = 1 << SPAN_ID | 1 << SPAN_NAME | 1 << SPAN_START | 1 << SPAN_END;
const MARK_ID = 0;
const MARK_SPAN = 1;
const MARK_NAME = 2;
const MARK_TYPE = 3;
const MARK_VALUE = 4;
const MARK_ATTRS = 5;
const MARK_MOMENT = 6;
const MARK_KIND = 7;
const MARK_NEEDED = 0xff & ~(1 << MARK_ATTRS);

/** A key that is none of those that are looked for. */
const OTHER = 31;

/** Other keys that are remembered. */
const MOST_OTHERS = 64;

/** A key in quotes and the colon behind it, in 32-bit words and the bytes that are left. */
interface KeyBytes {
  readonly number: number;
  readonly words: Int32Array;
  readonly rest: Uint8Array;
  /** The key that came behind it the last time. */
  next: KeyBytes;
}

/** Keys of an object, of which each is looked for where it was the last time. */
class Keys {
  readonly #known = new Map<string, KeyBytes>();
  readonly #most: number;
  readonly #start: KeyBytes;
  #last: KeyBytes;

  constructor(keys: readonly string[]) {
    this.#most = keys.length + MOST_OTHERS;
    this.#start = keyBytes("", OTHER);
    keys.forEach((key, number) => this.#known.set(key, keyBytes(key, number)));
    const all = [this.#start, ...this.#known.values()];
    all.forEach((key, i) => key.next = all[i + 1] ?? this.#start);
    this.#last = this.#start;
  }

  /** Begins an object. */
  begin(): void {
    this.#last = this.#start;
  }

  /** Passes over a key, the colon and the space behind it. Gives its number. */
  read(scanner: JsonScanner): number {
    const { next } = this.#last;
    if (scanner.takesWords(next.words, next.rest)) {
      if (scanner.bytes[scanner.at] <= 0x20) scanner.space();
      this.#last = next;
      return next.number;
    }
    const from = scanner.at + 1;
    if (scanner.string()) scanner.giveUp();
    const text = decoder().decode(scanner.bytes.subarray(from, scanner.at - 1));
    scanner.expect(COLON);
    let key = this.#known.get(text);
    if (key === undefined) {
      if (this.#known.size >= this.#most) return OTHER;
      this.#known.set(text, key = keyBytes(text, OTHER));
    }
    this.#last.next = key;
    this.#last = key;
    return key.number;
  }
}

function keyBytes(key: string, number: number): KeyBytes {
  const bytes = encoder().encode(`"${key}":`);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const words = Int32Array.from({ length: bytes.length >> 2 }, (_, i) => view.getInt32(i * 4, true));
  const own = { number, words, rest: bytes.slice(words.length * 4) } as KeyBytes;
  own.next = own;
  return own;
}

/** Reads files into columns, one after the other. */
export class PlainReader {
  readonly #columns: SpoolColumns;
  readonly #scanner = new JsonScanner();
  readonly #spanKeys = new Keys(SPAN_KEYS);
  readonly #markKeys = new Keys(MARK_KEYS);
  readonly #pool = new TextPool();
  readonly #counts: Float64Array = new Float64Array(COUNTERS.length);
  /** What a hex digit says, by its byte; 255 for any other. */
  readonly #hex: Uint8Array = new Uint8Array(256).fill(255);
  readonly #dataLoadKey: Uint8Array = encoder().encode("data_load_ns");
  readonly #unfinishedKey: Uint8Array = encoder().encode(UNFINISHED);
  // What was read of the last moment, and of the last thread.
  #seconds = 0;
  #rest = 0;
  #pid = NaN;
  #rank = NaN;
  #threadId = NaN;
  #thread = NONE;
  // Where the last attributes lie; nowhere if they are empty.
  #attrsFrom = 0;
  #attrsUntil = 0;
  #hasNotedKey = false;

  constructor(columns: SpoolColumns) {
    this.#columns = columns;
    for (let value = 0; value < 16; value++) this.#hex[value.toString(16).charCodeAt(0)] = value;
  }

  /** Adds the rows of a file; false if it has to be parsed. Then nothing of it is added. */
  read(bytes: Uint8Array): boolean {
    const columns = this.#columns;
    const before = columns.begin();
    this.#scanner.begin(bytes);
    try {
      this.#file();
      columns.spans.attrs.keep();
      columns.marks.attrs.keep();
      return true;
    } catch (error) {
      if (!(error instanceof NotPlain)) throw error;
      columns.undo(before);
      return false;
    } finally {
      this.#scanner.begin(new Uint8Array(0));
    }
  }

  #file(): void {
    const scanner = this.#scanner;
    scanner.space();
    scanner.expect(OPEN_OBJECT);
    const seen = new Set<string>();
    do {
      const from = scanner.at + 1;
      if (scanner.string()) scanner.giveUp();
      const key = decoder().decode(scanner.bytes.subarray(from, scanner.at - 1));
      if (seen.has(key)) scanner.giveUp();
      seen.add(key);
      scanner.expect(COLON);
      if (key === "schema_version") {
        if (this.#integer() !== SPOOL_SCHEMA_VERSION) scanner.giveUp();
      } else if (key === "spans") this.#list(() => this.#span());
      else if (key === "marks") this.#list(() => this.#mark());
      else scanner.value();
    } while (scanner.takes(COMMA));
    scanner.expect(CLOSE_OBJECT);
    if (scanner.at !== scanner.bytes.length) scanner.giveUp();
    if (!seen.has("schema_version") || !seen.has("spans") || !seen.has("marks")) scanner.giveUp();
  }

  #list(read: () => void): void {
    const scanner = this.#scanner;
    scanner.expect(OPEN_LIST);
    if (scanner.takes(CLOSE_LIST)) return;
    do read(); while (scanner.takes(COMMA));
    scanner.expect(CLOSE_LIST);
  }

  #span(): void {
    const scanner = this.#scanner;
    const { spans, ids, traces } = this.#columns;
    const counts = this.#counts.fill(NaN);
    spans.reserve();
    const row = spans.length;
    let seen = 0;
    let parent = NONE;
    let trace = NONE;
    let index = NaN;
    let threadId = NaN;
    let pid = NaN;
    let rank = NaN;
    this.#attrsFrom = this.#attrsUntil = 0;
    this.#hasNotedKey = false;
    this.#spanKeys.begin();
    scanner.expect(OPEN_OBJECT);
    do {
      const key = this.#spanKeys.read(scanner);
      if (key === OTHER) {
        scanner.value();
        continue;
      }
      if ((seen & 1 << key) !== 0) scanner.giveUp();
      seen |= 1 << key;
      switch (key) {
        case SPAN_ID:
          spans.id[row] = this.#id(ids);
          break;
        case SPAN_NAME:
          spans.name[row] = this.#name();
          break;
        case SPAN_PARENT:
          parent = this.#idOrNull(ids);
          break;
        case SPAN_TRACE:
          trace = this.#idOrNull(traces);
          break;
        case SPAN_INDEX:
          index = this.#count();
          break;
        case SPAN_START:
          this.#moment();
          spans.start.set(row, this.#seconds, this.#rest);
          break;
        case SPAN_END:
          this.#moment();
          spans.end.set(row, this.#seconds, this.#rest);
          break;
        case SPAN_THREAD:
          threadId = this.#count();
          break;
        case SPAN_PID:
          pid = this.#count();
          break;
        case SPAN_RANK:
          rank = this.#count();
          break;
        case SPAN_ATTRS:
          this.#attrs();
          break;
        default:
          counts[key - SPAN_COUNTERS] = this.#count();
      }
    } while (scanner.takes(COMMA));
    scanner.expect(CLOSE_OBJECT);
    if ((seen & SPAN_NEEDED) !== SPAN_NEEDED) scanner.giveUp();
    spans.parent[row] = parent;
    spans.trace[row] = trace;
    spans.index[row] = index;
    spans.thread[row] = this.#threadOf(pid, rank, threadId);
    for (let k = 0; k < counts.length; k++) spans.count(k, row, counts[k]);
    spans.attrs.add(scanner.bytes, this.#attrsFrom, this.#attrsUntil);
    spans.length++;
    if (this.#hasNotedKey) this.#noteAttrs(row);
  }

  #mark(): void {
    const scanner = this.#scanner;
    const { marks, ids, markIds } = this.#columns;
    marks.reserve();
    const row = marks.length;
    let seen = 0;
    let type = "";
    let from = 0;
    let until = 0;
    this.#attrsFrom = this.#attrsUntil = 0;
    this.#markKeys.begin();
    scanner.expect(OPEN_OBJECT);
    do {
      const key = this.#markKeys.read(scanner);
      if (key === OTHER) {
        scanner.value();
        continue;
      }
      if ((seen & 1 << key) !== 0) scanner.giveUp();
      seen |= 1 << key;
      switch (key) {
        case MARK_ID:
          marks.id[row] = this.#id(markIds);
          break;
        case MARK_SPAN:
          marks.span[row] = this.#id(ids);
          break;
        case MARK_NAME:
          marks.name[row] = this.#name();
          break;
        case MARK_TYPE:
          type = this.#text();
          break;
        case MARK_VALUE:
          from = scanner.at;
          scanner.value();
          until = scanner.at;
          break;
        case MARK_ATTRS:
          this.#attrs();
          break;
        case MARK_MOMENT:
          this.#moment();
          marks.moment.set(row, this.#seconds, this.#rest);
          break;
        case MARK_KIND: {
          const kind = this.#text();
          if (kind !== "point" && kind !== "summary") scanner.giveUp();
          marks.summary[row] = kind === "summary" ? 1 : 0;
        }
      }
    } while (scanner.takes(COMMA));
    scanner.expect(CLOSE_OBJECT);
    if ((seen & MARK_NEEDED) !== MARK_NEEDED) scanner.giveUp();
    marks.value[row] = this.#value(type, from, until);
    marks.attrs.add(scanner.bytes, this.#attrsFrom, this.#attrsUntil);
    marks.length++;
  }

  #threadOf(pid: number, rank: number, threadId: number): number {
    const isLast = Object.is(pid, this.#pid) && Object.is(rank, this.#rank)
      && Object.is(threadId, this.#threadId);
    if (isLast && this.#thread !== NONE) return this.#thread;
    this.#pid = pid;
    this.#rank = rank;
    this.#threadId = threadId;
    return this.#thread = this.#columns.thread(pid, rank, threadId);
  }

  #idOrNull(table: IdTable): number {
    if (this.#scanner.bytes[this.#scanner.at] !== SMALL_N) return this.#id(table);
    this.#scanner.null();
    return NONE;
  }

  #id(table: IdTable): number {
    const scanner = this.#scanner;
    const { bytes, at } = scanner;
    if (bytes[at] === QUOTE && bytes[at + 33] === QUOTE) {
      const hex = this.#hex;
      let bad = 0;
      let a = 0;
      let b = 0;
      let c = 0;
      let d = 0;
      for (let i = at + 1; i < at + 9; i++) {
        const first = hex[bytes[i]];
        const second = hex[bytes[i + 8]];
        const third = hex[bytes[i + 16]];
        const fourth = hex[bytes[i + 24]];
        bad |= first | second | third | fourth;
        a = a << 4 | first;
        b = b << 4 | second;
        c = c << 4 | third;
        d = d << 4 | fourth;
      }
      if (bad < 16) {
        scanner.at = at + 34;
        return table.ofWords(a, b, c, d);
      }
    }
    const text = this.#text();
    if (text === "") scanner.giveUp();
    return table.of(table === this.#columns.traces ? cutText(text) : text);
  }

  #name(): string {
    return cutText(this.#text());
  }

  /** A string. */
  #text(): string {
    const scanner = this.#scanner;
    const from = scanner.at;
    if (!scanner.string()) return this.#pool.text(scanner.bytes, from + 1, scanner.at - 1);
    return parseJson(decoder().decode(scanner.bytes.subarray(from, scanner.at))) as string;
  }

  /** A whole number; NaN for null. */
  #count(): number {
    if (this.#scanner.bytes[this.#scanner.at] !== SMALL_N) return this.#integer();
    this.#scanner.null();
    return NaN;
  }

  #integer(): number {
    const scanner = this.#scanner;
    const { bytes } = scanner;
    const isNegative = bytes[scanner.at] === MINUS;
    const from = isNegative ? scanner.at + 1 : scanner.at;
    let at = from;
    let value = 0;
    for (let byte = bytes[at]; byte >= ZERO && byte <= NINE; byte = bytes[++at]) {
      value = value * 10 + (byte - ZERO);
    }
    const digits = at - from;
    if (digits === 0 || digits > EXACT_DIGITS || (bytes[from] === ZERO && (digits > 1 || isNegative))) {
      scanner.giveUp();
    }
    scanner.at = at; // a point or an exponent is not what comes next
    return isNegative ? -value : value;
  }

  /** A moment, of ten digits or more. */
  #moment(): void {
    const scanner = this.#scanner;
    const { bytes } = scanner;
    const from = scanner.at;
    let until = from;
    while (bytes[until] >= ZERO && bytes[until] <= NINE) until++;
    const digits = until - from - REST_DIGITS;
    if (digits < 1 || digits > REST_DIGITS + 1 || bytes[from] === ZERO) scanner.giveUp();
    let seconds = 0;
    let rest = 0;
    for (let i = from; i < until - REST_DIGITS; i++) seconds = seconds * 10 + (bytes[i] - ZERO);
    for (let i = until - REST_DIGITS; i < until; i++) rest = rest * 10 + (bytes[i] - ZERO);
    if (seconds >= MOST_SECONDS) scanner.giveUp();
    this.#seconds = seconds;
    this.#rest = rest;
    scanner.at = until;
  }

  /** Notes where attributes lie. */
  #attrs(): void {
    const scanner = this.#scanner;
    const { bytes, at } = scanner;
    if (bytes[at] === OPEN_OBJECT && bytes[at + 1] === CLOSE_OBJECT) {
      scanner.at = at + 2;
      return;
    }
    if (bytes[at] === SMALL_N) {
      scanner.null();
      return;
    }
    if (bytes[at] !== OPEN_OBJECT) scanner.giveUp();
    scanner.value(0, this.#onKey);
    this.#attrsFrom = at;
    this.#attrsUntil = scanner.at;
  }

  readonly #onKey = (from: number, until: number, isEscaped: boolean): void => {
    const { bytes } = this.#scanner;
    if (
      isEscaped || isAt(bytes, from, until, this.#dataLoadKey)
      || isAt(bytes, from, until, this.#unfinishedKey)
    ) {
      this.#hasNotedKey = true;
    }
  };

  #noteAttrs(row: number): void {
    const { spans } = this.#columns;
    const text = decoder().decode(this.#scanner.bytes.subarray(this.#attrsFrom, this.#attrsUntil));
    const { data_load_ns: dataLoadNs, [UNFINISHED]: unfinished } = parseExact(text) as Record<
      string,
      unknown
    >;
    if (typeof dataLoadNs === "number") spans.dataLoadNs.set(row, dataLoadNs);
    if (unfinished === true) spans.unfinished.add(row);
  }

  #value(type: string, from: number, until: number): MarkValue {
    const { bytes } = this.#scanner;
    if (type === "float" && bytes[from] !== QUOTE) return this.#float(from, until);
    const text = decoder().decode(bytes.subarray(from, until));
    return toValue(type, parseExact(text)) ?? this.#scanner.giveUp();
  }

  // Few digits over an exact power of ten are rounded once, as JSON says; all else is left to the engine.
  #float(from: number, until: number): number {
    const { bytes } = this.#scanner;
    const isNegative = bytes[from] === MINUS;
    let digits = 0;
    let places = 0;
    let hasPoint = false;
    let at = isNegative ? from + 1 : from;
    for (; at < until; at++) {
      const byte = bytes[at];
      if (byte >= ZERO && byte <= NINE) {
        digits = digits * 10 + (byte - ZERO);
        if (hasPoint) places++;
      } else if (byte === 0x2e) hasPoint = true;
      else break;
    }
    if (at === until && digits <= Number.MAX_SAFE_INTEGER && places <= EXACT_POWERS) {
      const value = places === 0 ? digits : digits / POWERS[places];
      return isNegative ? -value : value;
    }
    const value = parseExact(decoder().decode(bytes.subarray(from, until)));
    return typeof value === "number" ? value : toValue("float", value) as number ?? this.#scanner.giveUp();
  }
}

const POWERS = [
  1,
  1e1,
  1e2,
  1e3,
  1e4,
  1e5,
  1e6,
  1e7,
  1e8,
  1e9,
  1e10,
  1e11,
  1e12,
  1e13,
  1e14,
  1e15,
  1e16,
  1e17,
  1e18,
  1e19,
  1e20,
  1e21,
  1e22,
];

function isAt(bytes: Uint8Array, from: number, until: number, text: Uint8Array): boolean {
  if (until - from !== text.length) return false;
  for (let i = 0; i < text.length; i++) if (bytes[from + i] !== text[i]) return false;
  return true;
}
