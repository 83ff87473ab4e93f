/**
 * A FlatBuffer, written by hand: Arrow's messages have a header in one each. https://flatbuffers.dev/internals/
 *
 * @module
 */

/** A FlatBuffer, written from the root on: what refers comes before what it refers to. */
export class FlatBuffer {
  readonly view: DataView;
  #length = 4; // the first word refers to the root

  /** @param capacity Bytes that there is room for. Writing beyond throws a RangeError. */
  constructor(capacity: number) {
    this.view = new DataView(new ArrayBuffer(Math.ceil(capacity / 8) * 8));
  }

  /**
   * Appends a table, and makes the word at `from` refer to it.
   * @param sizes Bytes of each field; 0 for one that is left out.
   * @returns Places: the table's, then each field's.
   */
  table(from: number, sizes: readonly number[]): number[] {
    const { view } = this;
    const head = 4 + sizes.length * 2;
    // The vtable, then the table, whose fields begin after one word: at a multiple of 8.
    while ((this.#length + head) % 8 !== 4) this.#length++;
    const vtable = this.#length;
    const table = vtable + head;
    this.#refer(from, table);
    const places = [table, ...sizes.map(() => -1)];
    let at = table + 4;
    for (const size of [8, 4, 2, 1]) {
      sizes.forEach((own, i) => {
        if (own !== size) return;
        places[i + 1] = at;
        view.setUint16(vtable + 4 + i * 2, at - table, true);
        at += size;
      });
    }
    view.setUint16(vtable, head, true);
    view.setUint16(vtable + 2, at - table, true);
    view.setInt32(table, head, true);
    this.#length = at;
    return places;
  }

  /** Appends a vector, and makes the word at `from` refer to it; gives the place of its first element. */
  vector(from: number, count: number, size: number): number {
    while (this.#length % 8 !== 4) this.#length++;
    this.#refer(from, this.#length);
    this.view.setUint32(this.#length, count, true);
    const first = this.#length + 4;
    this.#length = first + count * size;
    return first;
  }

  /** Appends a text of ASCII, and makes the word at `from` refer to it. */
  text(from: number, text: string): void {
    const first = this.vector(from, text.length, 1);
    for (let i = 0; i < text.length; i++) this.view.setUint8(first + i, text.charCodeAt(i));
    this.#length++; // and a zero
  }

  /** Writes 64 bits at a place. */
  long(at: number, value: number): void {
    this.view.setUint32(at, value % 0x100000000, true);
    this.view.setUint32(at + 4, Math.floor(value / 0x100000000), true);
  }

  /** All that was written, padded to a multiple of 8. */
  bytes(): Uint8Array {
    return new Uint8Array(this.view.buffer, 0, Math.ceil(this.#length / 8) * 8);
  }

  #refer(from: number, to: number): void {
    this.view.setUint32(from, to - from, true);
  }
}
