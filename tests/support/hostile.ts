/**
 * Values that a program under observation may hand over, by accident or on purpose.
 *
 * @module
 */

/** Ten million characters. */
export function huge(character = "x"): string {
  return character.repeat(10_000_000);
}

/** Whether a value is large, by what it is called: handling it takes a tenth of a second or more. */
export function isLarge(what: string): boolean {
  return /\b(10 MB|a million|100 000 levels)\b/.test(what);
}

/** A proxy that throws whatever is done to it. */
export function throwingProxy(target: object = {}): object {
  return new Proxy(
    target,
    new Proxy({}, {
      get(_target, trap) {
        return () => {
          throw new Error(`trap ${String(trap)}`);
        };
      },
    }),
  );
}

/** A proxy that was revoked: even asking whether it is an array throws. */
export function revokedProxy(target: object = {}): object {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

/** Texts that a terminal, a JSON parser or a line-oriented reader could be led astray by. */
export const TEXTS: Readonly<Record<string, string>> = {
  "an empty string": "",
  "ANSI escapes": "\x1b[31mred\x1b[0m\x1b[2J\x1b]0;title\x07",
  "newlines": "a\nb\r\nc\rd",
  "a forged line": "x - 1us\nforged - 2.00s {ok=true}",
  "tabs and backspaces": "a\tb\b\b\v\fc",
  "NUL": "a\0b",
  "C1 controls": "\x9b31mred\x9c\x85next\x90dcs",
  "DEL": "a\x7fb",
  "bidi overrides": "user\u202etxt.exe\u202c \u2066left\u2069\u200f\u061c",
  "line and paragraph separators": "a\u2028b\u2029c",
  "a byte order mark": "\ufeffa",
  "a lone high surrogate": "a\ud800",
  "a lone low surrogate": "\udfffa",
  "surrogates the wrong way round": "\udc00\ud800",
  "emoji": "\u{1f600}\u{1f468}\u200d\u{1f469}",
  "JSON punctuation": '"]},{"id":\\"\\u0000',
  "a script end": "</script><!--",
  "a prototype's name": "__proto__",
  "a constructor": "constructor",
  "10 MB": huge(),
  "10 MB of emoji": huge("\u{1f600}"),
  "10 MB of lone surrogates": huge("\ud800"),
  "10 MB of newlines": huge("\n"),
};

/** Levels of nesting that no recursion survives. */
export const DEEP = 100_000;

/** An object `DEEP` levels deep. */
export function deepObject(): object {
  let inner: object = {};
  for (let i = 0; i < DEEP; i++) inner = { inner };
  return inner;
}

/** An array `DEEP` levels deep. */
export function deepArray(): unknown[] {
  let inner: unknown[] = [];
  for (let i = 0; i < DEEP; i++) inner = [inner];
  return inner;
}

let wide: Record<string, number> | null = null;

/** An object of a million keys: the same each time, since making one takes longer than the tests of it. */
export function wideObject(): Record<string, number> {
  if (wide === null) {
    wide = {};
    for (let i = 0; i < 1_000_000; i++) wide[`key${i}`] = i;
  }
  return wide;
}

class WithGetter {
  own = 1;
  get inherited(): number {
    return 2;
  }
  method(): void {}
}

class SelfJson {
  own = 1;
  toJSON(): this {
    return this;
  }
}

class EndlessJson {
  toJSON(): EndlessJson {
    return new EndlessJson();
  }
}

class LyingDate extends Date {
  override toISOString(): string {
    return 10n as unknown as string;
  }
}

class HugeDate extends Date {
  override toISOString(): string {
    return huge();
  }
}

/** Attribute values that JSON cannot say, or that bite when they are read. Made anew for each use. */
export const ATTR_VALUES: Readonly<Record<string, () => unknown>> = {
  "undefined": () => undefined,
  "null": () => null,
  "NaN": () => NaN,
  "infinity": () => -Infinity,
  "minus zero": () => -0,
  "a small bigint": () => 7n,
  "a bigint": () => 2n ** 70n,
  "a huge bigint": () => 1n << 1_000_000n,
  "a symbol": () => Symbol("s"),
  "a symbol of 10 MB": () => Symbol(huge()),
  "a function": () => function named() {},
  "a function with a throwing name": () =>
    Object.defineProperty(() => {}, "name", {
      get() {
        throw new Error("name");
      },
    }),
  "a class": () => WithGetter,
  "an instance": () => new WithGetter(),
  "a Date": () => new Date(0),
  "an invalid Date": () => new Date(NaN),
  "a Date that is none": () => Object.create(Date.prototype),
  "a Date with a toISOString of its own": () => new LyingDate(0),
  "a Date of 10 MB": () => new HugeDate(0),
  "a RegExp": () => /x/g,
  "an Error": () => new RangeError("boom"),
  "a Map": () => new Map<unknown, unknown>([["a", 1], [2, "b"], [Symbol("k"), 3], [{}, 4]]),
  "a Map with a prototype's name": () => new Map([["__proto__", { polluted: true }]]),
  "a Map whose keys do not print": () => new Map([[Object.create(null), 1]]),
  "a Set": () => new Set([1, "b", null]),
  "a Set without end": () => {
    const set = new Set();
    set[Symbol.iterator] = function*() {
      for (let i = 0;; i++) yield i;
    } as typeof set[typeof Symbol.iterator];
    return set;
  },
  "a WeakMap": () => new WeakMap(),
  "a promise": () => Promise.resolve(1),
  "an ArrayBuffer": () => new ArrayBuffer(8),
  "a typed array": () => new Float32Array([0.5, NaN]),
  "a bigint typed array": () => new BigInt64Array([1n, -(2n ** 62n)]),
  "a typed array of 10 MB": () => new Uint8Array(10_000_000),
  "a DataView": () => new DataView(new ArrayBuffer(8)),
  "a string of 10 MB": () => huge(),
  "a key of 10 MB": () => ({ [huge()]: 1 }),
  "an object of a million keys": wideObject,
  "an array of a million items": () => new Array(1_000_000).fill(0),
  "a sparse array": () => {
    const sparse: unknown[] = [];
    sparse[4_294_967_290] = 1;
    return sparse;
  },
  "an object 100 000 levels deep": deepObject,
  "an array 100 000 levels deep": deepArray,
  "a cycle": () => {
    const self: Record<string, unknown> = {};
    self.self = self;
    self.list = [self, new Map([["self", self]]), new Set([self])];
    return self;
  },
  "a Map of itself": () => {
    const map = new Map<string, unknown>();
    map.set("map", map);
    return map;
  },
  "a throwing getter": () => ({
    get bad(): never {
      throw new Error("bad");
    },
    good: 1,
  }),
  "a getter that throws what does not print": () => ({
    get bad(): never {
      throw Object.create(null);
    },
  }),
  "an own __proto__ key": () => JSON.parse('{"__proto__":{"polluted":true},"a":1}'),
  "a constructor key": () => JSON.parse('{"constructor":{"prototype":{"polluted":true}}}'),
  "no prototype": () => Object.assign(Object.create(null), { a: 1 }),
  "a toJSON that throws": () => ({
    toJSON(): never {
      throw new Error("no");
    },
  }),
  "a toJSON that gives itself": () => new SelfJson(),
  "a toJSON that never comes to an end": () => new EndlessJson(),
  "a toJSON that gives a bigint": () => ({ toJSON: () => 5n }),
  "a toJSON that gives undefined": () => ({ toJSON: () => undefined }),
  "a toJSON that gives a prototype's name": () => ({
    toJSON: () => JSON.parse('{"__proto__":{"polluted":true}}'),
  }),
  "a proxy that throws from every trap": () => throwingProxy(),
  "a proxy of an array that throws from every trap": () => throwingProxy([]),
  "a proxy of a function that throws from every trap": () => throwingProxy(() => {}),
  "a revoked proxy": () => revokedProxy(),
  "a revoked proxy of a function": () => revokedProxy(() => {}),
  "an array of endless length": () => new Proxy([], { get: (_, key) => (key === "length" ? Infinity : "x") }),
  "a URL": () => new URL("https://x.test/"),
  "globalThis": () => globalThis,
};

/** Values that are thrown although they are no errors, and errors that bite when they are described. */
export const THROWN: Readonly<Record<string, () => unknown>> = {
  "undefined": () => undefined,
  "null": () => null,
  "0": () => 0,
  "NaN": () => NaN,
  "an empty string": () => "",
  "a string of 10 MB": () => huge(),
  "escapes": () => "\x1b[2J\n\u202e",
  "a bigint": () => 1n << 100_000n,
  "a symbol": () => Symbol("thrown"),
  "a function": () => () => {},
  "a frozen object": () => Object.freeze({}),
  "an object without a prototype": () => Object.create(null),
  "an object whose toString throws": () => ({
    toString(): never {
      throw new Error("toString");
    },
  }),
  "an object whose toString gives an object": () => ({ toString: () => ({}) }),
  "an Error": () => new Error("boom"),
  "an Error without a message": () => new TypeError(),
  "an Error of 10 MB": () => new Error(huge()),
  "an Error with a throwing message": () =>
    Object.defineProperty(new Error(), "message", {
      get() {
        throw new Error("message");
      },
    }),
  "an Error with a symbol for a name": () => Object.assign(new Error("x"), { name: Symbol("n") }),
  "an Error caused by itself": () => {
    const error = new Error("loop");
    error.cause = error;
    return error;
  },
  "a frozen Error": () => Object.freeze(new Error("frozen")),
  "an AggregateError": () => new AggregateError([1, 2], "many"),
  "a DOMException": () => new DOMException("aborted", "AbortError"),
  "a promise": () => Promise.resolve(),
  "a thenable": () => ({ then: () => {} }),
  "a proxy that throws from every trap": () => throwingProxy(),
  "a proxy of an Error that throws from every trap": () => throwingProxy(new Error("inner")),
  "a revoked proxy": () => revokedProxy(),
};
