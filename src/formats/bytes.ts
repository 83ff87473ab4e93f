/**
 * A text put together as bytes. Of a long text made of many short pieces the pieces cost most: a string each, and a rope
 * to hold them together. Here a number is digits in a buffer, half an id is sixteen of them, and one string is made for 32 KiB.
 *
 * @module
 */
import { jsonOfText } from "../data/json_text.ts";
import { decoder, encoder, fourDigits, hexOfByte } from "./byte_tables.ts";
import { formatDuration, formatValue, WHOLE_LIMIT } from "./units.ts";

/** Bytes that are made a string together, once a text is that long. From 128 KiB on, V8 gives each memory of its own. */
const CHUNK = 1 << 15;

/** What a short text starts with: a buffer of 32 KiB costs more than five spans. */
const FIRST_CHUNK = 1 << 12;

/** No piece but a text is longer, with what is written beyond its end. */
const PIECE = 256;

/** A text of ASCII that is written often. */
export class Constant {
  readonly length: number;
  /** Its bytes, eight in a double, and zeros after the last: the widest store there is. ASCII is never a NaN. */
  readonly words: Float64Array;

  /** @param text ASCII, no longer than 250 characters. */
  constructor(text: string) {
    const bytes = new Uint8Array((text.length + 7) & ~7);
    for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
    const view = new DataView(bytes.buffer);
    this.length = text.length;
    this.words = Float64Array.from({ length: bytes.length / 8 }, (_, i) => view.getFloat64(i * 8, true));
  }
}

/** Appends pieces, and gives them as one text. */
export class TextBytes {
  #bytes: Uint8Array = new Uint8Array(FIRST_CHUNK);
  #view: DataView = new DataView(this.#bytes.buffer);
  #at = 0;
  /** Up to where a piece may begin. */
  #limit = FIRST_CHUNK - PIECE;
  readonly #done: string[] = [];
  /** What is done as bytes, where they are wanted; null where text is. */
  readonly #pieces: Uint8Array[] | null;
  readonly #digits: Uint32Array = fourDigits();
  readonly #hex: Uint16Array = hexOfByte();

  private constructor(isBytes: boolean) {
    this.#pieces = isBytes ? [] : null;
  }

  /**
   * An empty text. Give it back with {@link finish}: one is kept for the next. Not for its buffer alone: V8 throws away
   * what it has compiled for a class once a garbage collection finds no instance, and half the time went into compiling.
   */
  static begin(): TextBytes {
    const text = spare ?? new TextBytes(false);
    spare = null;
    return text;
  }

  /** The same for who wants bytes. Give it back with {@link finishBytes}. */
  static beginBytes(): TextBytes {
    const text = spareForBytes ?? new TextBytes(true);
    spareForBytes = null;
    return text;
  }

  /** All that was written, as UTF-8 in pieces; none where nothing was. Nothing may be written after. */
  finishBytes(): Uint8Array[] {
    const pieces = this.#pieces!;
    if (this.#at > 0) pieces.push(this.#bytes.slice(0, this.#at));
    this.#at = 0;
    spareForBytes = this;
    return pieces.splice(0);
  }

  /** All that was written, as one string. Nothing may be written after. */
  finish(): string {
    let text: string;
    if (this.#done.length === 0) text = this.#decode();
    else {
      this.#flush();
      text = this.#done.join("");
      this.#done.length = 0;
    }
    this.#at = 0;
    spare = this;
    return text;
  }

  /** Writes a constant. */
  put({ words, length }: Constant): void {
    if (this.#at > this.#limit) this.#flush();
    const view = this.#view;
    let at = this.#at;
    // The last word may end in zeros beyond the text; the next piece goes over them.
    for (let i = 0; i < words.length; i++, at += 8) view.setFloat64(at, words[i], true);
    this.#at += length;
  }

  /** Writes one character of ASCII. */
  character(code: number): void {
    if (this.#at > this.#limit) this.#flush();
    this.#bytes[this.#at++] = code;
  }

  /** Writes a whole number below 1000 in three digits. */
  threeDigits(value: number): void {
    if (this.#at > this.#limit) this.#flush();
    this.#view.setUint32(this.#at, this.#digits[value] >>> 8, true);
    this.#at += 3;
  }

  /** Writes spaces. */
  spaces(count: number): void {
    for (let left = count; left > 0; left--) this.character(0x20);
  }

  /** Writes any text as it is. It must have no halves of surrogate pairs: those have no bytes. */
  text(text: string): void {
    if (!this.#room(text.length * 3)) {
      this.#flush();
      if (this.#pieces === null) this.#done.push(text);
      else this.#pieces.push(encoder().encode(text));
      return;
    }
    const bytes = this.#bytes;
    const begin = this.#at;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) {
        this.#at += encoder().encodeInto(text, bytes.subarray(begin)).written;
        return;
      }
      bytes[begin + i] = code;
    }
    this.#at += text.length;
  }

  /** Writes text that is no longer than a name for the most part, and goes through `convert` unless it is plain ASCII. */
  textBy(text: string, convert: (text: string) => string): void {
    if (text.length > CHUNK >> 2) {
      this.text(convert(text));
      return;
    }
    this.#room(text.length);
    const bytes = this.#bytes;
    const begin = this.#at;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code < 0x20 || code > 0x7e) {
        this.text(convert(text));
        return;
      }
      bytes[begin + i] = code;
    }
    this.#at += text.length;
  }

  /** Writes a string as JSON has it, with its quotes. */
  json(text: string): void {
    if (text.length > CHUNK >> 2) {
      this.text(jsonOfText(text));
      return;
    }
    this.#room(text.length + 2);
    const bytes = this.#bytes;
    let at = this.#at;
    bytes[at++] = 0x22;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code < 0x20 || code > 0x7e || code === 0x22 || code === 0x5c) {
        this.text(jsonOfText(text));
        return;
      }
      bytes[at++] = code;
    }
    bytes[at++] = 0x22;
    this.#at = at;
  }

  /** Writes 64 bits as 16 hex digits: what an id begins with. */
  hex64(high: number, low: number): void {
    if (this.#at > this.#limit) this.#flush();
    const view = this.#view;
    const hex = this.#hex;
    const at = this.#at;
    view.setUint16(at, hex[high >>> 24], true);
    view.setUint16(at + 2, hex[(high >>> 16) & 255], true);
    view.setUint16(at + 4, hex[(high >>> 8) & 255], true);
    view.setUint16(at + 6, hex[high & 255], true);
    view.setUint16(at + 8, hex[low >>> 24], true);
    view.setUint16(at + 10, hex[(low >>> 16) & 255], true);
    view.setUint16(at + 12, hex[(low >>> 8) & 255], true);
    view.setUint16(at + 14, hex[low & 255], true);
    this.#at = at + 16;
  }

  /** Writes a finite number as JavaScript does. */
  number(value: number): void {
    if (value >= 0 && value <= Number.MAX_SAFE_INTEGER && Math.floor(value) === value) this.integer(value);
    else this.text(String(value));
  }

  /** Writes `thousandths / 1000` as JavaScript writes that quotient: nanoseconds as microseconds. */
  thousandths(value: number): void {
    // Up to 15 digits a decimal is the shortest that gives its double.
    if (!(value >= 0 && value < 1e15 && Number.isInteger(value))) {
      this.text(String(value / 1000));
      return;
    }
    const whole = Math.floor(value / 1000);
    const rest = value - whole * 1000;
    this.integer(whole);
    if (rest === 0) return;
    const word = this.#digits[rest]; // 0, and the three digits
    this.#view.setUint32(this.#at, (word & ~0xff) | 0x2e, true);
    this.#at += rest % 100 === 0 ? 2 : rest % 10 === 0 ? 3 : 4;
  }

  /** Writes what {@link formatDuration} gives. */
  duration(us: number): void {
    if (us < 0.995) this.#rounded(us, 100, "us", us, formatDuration);
    else if (us < 9.95) this.#rounded(us, 10, "us", us, formatDuration);
    else if (us < 999.5) this.#rounded(us, 1, "us", us, formatDuration);
    else if (us < 999_950) this.#rounded(us / 1e3, 10, "ms", us, formatDuration);
    else this.#rounded(us / 1e6, 100, "s", us, formatDuration);
  }

  /** Writes what {@link formatValue} gives of a number. */
  value(value: number): void {
    const size = Math.abs(value);
    if (size < WHOLE_LIMIT && Number.isInteger(value)) this.number(value);
    else if (size >= 0.001 && size < 1e6) this.#rounded(value, 10_000, "", value, formatValue);
    else this.text(formatValue(value));
  }

  // Writes a number with the decimals that `scale` asks for, and a unit. Where rounding is a matter of the last bit,
  // `format` decides, which rounds what the double is exactly.
  #rounded(
    value: number,
    scale: 1 | 10 | 100 | 10_000,
    unit: string,
    given: number,
    format: (given: number) => string,
  ): void {
    const scaled = Math.abs(value) * scale;
    const whole = Math.floor(scaled);
    const rest = scaled - whole;
    if (!(scaled < 1e11) || (rest > 0.4999 && rest < 0.5001)) {
      this.text(format(given));
      return;
    }
    const digits = rest >= 0.5 ? whole + 1 : whole;
    if (value < 0) this.character(0x2d);
    if (scale === 1) {
      this.integer(digits);
    } else {
      const integer = Math.floor(digits / scale);
      this.integer(integer);
      const word = this.#digits[digits - integer * scale];
      const at = this.#at;
      this.#bytes[at] = 0x2e;
      this.#view.setUint32(at + 1, scale === 10_000 ? word : word >>> (scale === 10 ? 24 : 16), true);
      this.#at = at + (scale === 10_000 ? 5 : scale === 10 ? 2 : 3);
    }
    for (let i = 0; i < unit.length; i++) this.#bytes[this.#at++] = unit.charCodeAt(i);
  }

  /** Writes a whole number from 0 to 2^53. */
  integer(value: number): void {
    if (this.#at > this.#limit) this.#flush();
    // `| 0` where a quotient is known to be small: the engines go on with integers.
    if (value < 1e8) {
      this.#upToEight(value | 0);
      return;
    }
    const high = (value / 1e8) | 0;
    const low = (value - high * 1e8) | 0;
    const middle = (low / 10_000) | 0;
    this.#upToEight(high);
    this.#four(middle);
    this.#four(low - middle * 10_000);
  }

  #upToEight(value: number): void {
    if (value < 10_000) {
      this.#leading(value);
    } else {
      const high = (value / 10_000) | 0;
      this.#leading(high);
      this.#four(value - high * 10_000);
    }
  }

  #leading(value: number): void {
    const zeros = value < 10 ? 3 : value < 100 ? 2 : value < 1000 ? 1 : 0;
    this.#view.setUint32(this.#at, this.#digits[value] >>> (zeros * 8), true);
    this.#at += 4 - zeros;
  }

  #four(value: number): void {
    this.#view.setUint32(this.#at, this.#digits[value], true);
    this.#at += 4;
  }

  // Whether so many bytes fit now, and a piece after them.
  #room(count: number): boolean {
    if (this.#at + count <= this.#limit) return true;
    this.#flush();
    return count <= this.#limit;
  }

  // What has been written becomes a string, and the buffer is free again; the first time it grows.
  #flush(): void {
    if (this.#at > 0) {
      if (this.#pieces === null) this.#done.push(this.#decode());
      else this.#pieces.push(this.#bytes.slice(0, this.#at));
    }
    this.#at = 0;
    if (this.#bytes.length < CHUNK) {
      this.#bytes = new Uint8Array(CHUNK);
      this.#view = new DataView(this.#bytes.buffer);
      this.#limit = CHUNK - PIECE;
    }
  }

  #decode(): string {
    return decoder().decode(this.#bytes.subarray(0, this.#at));
  }
}

let spare: TextBytes | null = null;
let spareForBytes: TextBytes | null = null;
