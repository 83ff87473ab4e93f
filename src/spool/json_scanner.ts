/**
 * Goes through the bytes of a JSON text, as strict as `JSON.parse`: what it passes over is valid.
 *
 * @module
 */

/** What is nested deeper is not for it. */
const DEEPEST = 32;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const MINUS = 0x2d;
const ZERO = 0x30;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** A text that is no JSON, or not of the plain kind that a scanner is for. Whoever catches it asks a parser. */
export class NotPlain extends Error {
  override readonly name = "NotPlain";
}

/** Stands at a place of a text. */
export class JsonScanner {
  bytes: Uint8Array = new Uint8Array(0);
  at = 0;
  #view: DataView = new DataView(new ArrayBuffer(0));

  /** Begins at the first byte of a text. */
  begin(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.at = 0;
  }

  /** Ends the attempt. */
  giveUp(): never {
    throw new NotPlain();
  }

  /** Passes over white space. */
  space(): void {
    const { bytes } = this;
    for (let byte = bytes[this.at]; byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;) {
      byte = bytes[++this.at];
    }
  }

  /** Passes over a byte that has to be there, and the space around it. */
  expect(byte: number): void {
    if (this.bytes[this.at] !== byte) {
      this.space();
      if (this.bytes[this.at] !== byte) this.giveUp();
    }
    this.at++;
    if (this.bytes[this.at] <= 0x20) this.space();
  }

  /** Passes over a byte if it is the next one, and the space around it. */
  takes(byte: number): boolean {
    if (this.bytes[this.at] <= 0x20) this.space();
    if (this.bytes[this.at] !== byte) return false;
    this.at++;
    if (this.bytes[this.at] <= 0x20) this.space();
    return true;
  }

  /** Passes over these bytes if they are the next ones. */
  takesAll(expected: Uint8Array): boolean {
    const { bytes, at } = this;
    const { length } = expected;
    for (let i = 0; i < length; i++) if (bytes[at + i] !== expected[i]) return false;
    this.at = at + length;
    return true;
  }

  /** The same, given as 32-bit words and what is left. */
  takesWords(words: Int32Array, rest: Uint8Array): boolean {
    const { bytes } = this;
    const end = this.at + words.length * 4;
    if (end + rest.length > bytes.length) return false;
    const view = this.#view;
    for (let i = 0, at = this.at; at < end; i++, at += 4) {
      if (view.getInt32(at, true) !== words[i]) return false;
    }
    for (let i = 0; i < rest.length; i++) if (bytes[end + i] !== rest[i]) return false;
    this.at = end + rest.length;
    return true;
  }

  /** Passes over `null`. */
  null(): void {
    const { bytes, at } = this;
    const isNull = bytes[at] === 0x6e && bytes[at + 1] === 0x75 && bytes[at + 2] === 0x6c
      && bytes[at + 3] === 0x6c;
    if (!isNull) this.giveUp();
    this.at = at + 4;
  }

  /** Passes over a string; tells whether anything in it is escaped. It lies between the quotes. */
  string(): boolean {
    const { bytes } = this;
    if (bytes[this.at] !== QUOTE) this.giveUp();
    let isEscaped = false;
    for (let at = this.at + 1;; at++) {
      const byte = bytes[at];
      if (byte === QUOTE) {
        this.at = at + 1;
        return isEscaped;
      }
      if (byte === BACKSLASH) {
        isEscaped = true;
        at = this.#escape(at + 1);
      } else if (!(byte >= 0x20)) this.giveUp(); // also behind the end
    }
  }

  /** Passes over a number. */
  number(): void {
    const { bytes } = this;
    if (bytes[this.at] === MINUS) this.at++;
    if (bytes[this.at] === ZERO) this.at++;
    else this.#digits();
    if (bytes[this.at] === 0x2e) {
      this.at++;
      this.#digits();
    }
    if ((bytes[this.at] | 0x20) === 0x65) {
      this.at++;
      if (bytes[this.at] === 0x2b || bytes[this.at] === MINUS) this.at++;
      this.#digits();
    }
  }

  /**
   * Passes over any value.
   * @param onKey Told of each key of the value itself, if it is an object: where it lies between its quotes.
   */
  value(depth: number = 0, onKey?: (from: number, until: number, isEscaped: boolean) => void): void {
    if (depth > DEEPEST) this.giveUp();
    switch (this.bytes[this.at]) {
      case QUOTE:
        this.string();
        return;
      case OPEN_OBJECT:
        this.expect(OPEN_OBJECT);
        if (this.bytes[this.at] === CLOSE_OBJECT) break;
        do {
          const from = this.at + 1;
          const isEscaped = this.string();
          onKey?.(from, this.at - 1, isEscaped);
          this.expect(COLON);
          this.value(depth + 1);
        } while (this.takes(COMMA));
        if (this.bytes[this.at] !== CLOSE_OBJECT) this.giveUp();
        break;
      case OPEN_LIST:
        this.expect(OPEN_LIST);
        if (this.bytes[this.at] === CLOSE_LIST) break;
        do this.value(depth + 1); while (this.takes(COMMA));
        if (this.bytes[this.at] !== CLOSE_LIST) this.giveUp();
        break;
      case 0x74:
        if (!this.takesAll(TRUE)) this.giveUp();
        return;
      case 0x66:
        if (!this.takesAll(FALSE)) this.giveUp();
        return;
      case 0x6e:
        this.null();
        return;
      default:
        this.number();
        return;
    }
    this.at++;
  }

  #digits(): void {
    const { bytes } = this;
    const from = this.at;
    while (bytes[this.at] >= ZERO && bytes[this.at] <= 0x39) this.at++;
    if (this.at === from) this.giveUp();
  }

  /** The last byte of an escape whose backslash lies before `at`. */
  #escape(at: number): number {
    switch (this.bytes[at]) {
      case QUOTE:
      case BACKSLASH:
      case 0x2f: // "/"
      case 0x62: // b
      case 0x66: // f
      case 0x6e: // n
      case 0x72: // r
      case 0x74: // t
        return at;
      case 0x75: // u
        for (let i = 1; i <= 4; i++) if (!isHexDigit(this.bytes[at + i])) this.giveUp();
        return at + 4;
      default:
        return this.giveUp();
    }
  }
}

const ascii = (text: string): Uint8Array => Uint8Array.from(text, character => character.charCodeAt(0));

const TRUE = ascii("true");
const FALSE = ascii("false");

function isHexDigit(byte: number): boolean {
  return (byte >= ZERO && byte <= 0x39) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66);
}
