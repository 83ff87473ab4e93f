import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import * as ci from "../../mod.ts";

// Traces are captured: the test's own engine is the process's, as decorators are on classes.

function shapeOf(fn: () => unknown): string {
  return ci.capture(fn).trace();
}

test("traced() gives a function of the same name, length, this and result", () => {
  const area = ci.traced(function area(this: { scale: number }, width: number, height: number) {
    return this.scale * width * height;
  });
  assertEquals([area.name, area.length], ["area", 2]);
  const { result, trace } = ci.capture(() => area.call({ scale: 2 }, 3, 4));
  assertEquals([result, trace()], [24, "area"]);
});

test("traced() takes a name, and calls what has none anonymous", () => {
  const named = ci.traced("load", (x: number) => x + 1);
  assertEquals(shapeOf(() => named(1)), "load");
  assertEquals(shapeOf(() => ci.traced(() => {})()), "anonymous");
  assertEquals(shapeOf(() => ci.traced("", () => {})()), "");
});

test("traced() keeps what else a function has, and what kind it is", () => {
  const plain = Object.assign(async () => await 1, { path: "/users" });
  const wrapped = ci.traced(plain);
  assertEquals(wrapped.path, "/users");
  assertEquals(Object.prototype.toString.call(wrapped), "[object AsyncFunction]");
  assertEquals(Object.prototype.toString.call(ci.traced(function*() {})), "[object GeneratorFunction]");
  assertThrows(() => Reflect.construct(ci.traced(function() {}), []), TypeError);
});

test("traced() waits for async functions, keeps errors, and follows generators", async () => {
  const { trace } = await ci.capture(async () => {
    await ci.traced(async function load() {
      await null;
      ci.scope("read", () => {});
    })();
    assertThrows(() =>
      ci.traced(function fail(): void {
        throw new Error("boom");
      })()
    );
    const generate = ci.traced(async function* generate(count: number) {
      for (let i = 0; i < count; i++) {
        await null;
        ci.mark("i", i);
        yield i;
      }
    });
    for await (const _ of generate(2)) ci.scope("use", () => {});
    for (
      const _ of ci.traced(function* walk() {
        yield 1;
        ci.scope("step", () => {});
      })()
    ) break;
  });
  assertEquals(
    trace(),
    "load\n  read\nfail !Error: boom\ngenerate {i=0, i=1}\nuse\nuse\nwalk",
  );
});

class Base {
  #factor = 2;
  static #made = 0;
  @ci.traced()
  times(x: number): number {
    return x * this.#hidden();
  }
  @ci.traced("named")
  byName(): void {}
  @ci.traced()
  #hidden(): number { // without arguments: Deno 2.9 does not compile a call with some of a private method that is decorated
    return this.#factor;
  }
  @ci.traced()
  static make(): Base {
    return Base.#count();
  }
  @ci.traced()
  static #count(): Base {
    Base.#made++;
    return new this();
  }
  @ci.traced()
  get factor(): number {
    return this.#factor;
  }
  @ci.traced()
  set factor(value: number) {
    this.#factor = value;
  }
  @ci.traced()
  accessor level = 1;
  @ci.traced()
  field = (x: number): number => x + this.#factor;
  @ci.traced()
  async *stream(): AsyncGenerator<number> {
    await null;
    ci.scope("part", () => {});
    yield this.#factor;
  }
  @ci.traced()
  [Symbol.toPrimitive](): number {
    return this.#factor;
  }
}

class Derived extends Base {
  @ci.traced()
  override times(x: number): number {
    return super.times(x) + 1;
  }
}

test("@traced() names the scopes of methods after the class that has them", () => {
  const { result, trace } = ci.capture(() => new Derived().times(4));
  assertEquals(result, 9);
  assertEquals(trace(), "Derived.times\n  Base.times\n    Derived.#hidden");
  assertEquals(shapeOf(() => new Base().times(1)), "Base.times\n  Base.#hidden");
  assertEquals(shapeOf(() => new Base().byName()), "named");
});

test("@traced() works on static and private methods, getters, setters, accessors and fields", () => {
  const { result: made, trace } = ci.capture(() => Base.make());
  assert(made instanceof Base);
  assertEquals(trace(), "Base.make\n  Base.#count");
  const base = new Base();
  assertEquals(shapeOf(() => base.factor = 3), "Base.factor");
  const read = ci.capture(() => base.factor);
  assertEquals([read.result, read.trace()], [3, "Base.factor"]);
  const level = ci.capture(() => base.level += 1);
  assertEquals([level.result, level.trace()], [2, "Base.level\nBase.level"]);
  const field = ci.capture(() => base.field(1));
  assertEquals([field.result, field.trace()], [4, "Base.field"]);
  assertEquals(shapeOf(() => Number(base)), "Base.[Symbol.toPrimitive]");
  assertEquals([Base.prototype.times.name, Base.prototype.times.length], ["times", 1]);
});

test("@traced() follows the stream of a method", async () => {
  const { trace } = await ci.capture(async () => {
    for await (const _ of new Base().stream());
  });
  assertEquals(trace(), "Base.stream\n  part");
});

test("@traced() calls a method without an object by its own name", () => {
  const { byName } = Base.prototype;
  class Loose {
    @ci.traced()
    run(): unknown {
      return this;
    }
  }
  const { run } = Loose.prototype;
  assertEquals(shapeOf(() => byName.call(undefined as never)), "named");
  assertEquals(shapeOf(() => run.call(undefined as never)), "run");
  assertEquals(shapeOf(() => new Loose().run()), "Loose.run");
});

test("@traced() works with TypeScript's older decorators", () => {
  const decorate = ci.traced();
  class Older {
    static twice(x: number): number {
      return 2 * x;
    }
    get one(): number {
      return 1;
    }
  }
  for (const [owner, name] of [[Older, "twice"], [Older.prototype, "one"]] as const) {
    const property = Object.getOwnPropertyDescriptor(owner, name)!;
    Object.defineProperty(owner, name, decorate(owner, name, property as TypedPropertyDescriptor<unknown>));
  }
  assertEquals(shapeOf(() => Older.twice(2)), "Older.twice");
  assertEquals(shapeOf(() => new Older().one), "Older.one");
  assertThrows(
    () => decorate({}, "field", undefined as never),
    TypeError,
    "only methods, getters and setters can be decorated",
  );
});

test("traced() throws for what it cannot wrap", () => {
  assertThrows(() => ci.traced(5 as never), TypeError, "expected a name or a function, got number");
  assertThrows(() => ci.traced("x", 5 as never), TypeError, "expected a function, got number");
  const asClass = ci.traced() as unknown as (value: unknown, context: unknown) => void;
  assertThrows(() => asClass(class {}, { kind: "class", name: "A" }), TypeError, "Cannot trace class A");
  const bare = ci.traced as unknown as (value: unknown, context: unknown) => void;
  assertThrows(() => bare(() => {}, { kind: "method", name: "x" }), TypeError, "@traced()");
  assertThrows(() => bare({}, "method"), TypeError, "@traced()"); // as TypeScript's older ones call it
  assertThrows(() => bare(class {}, "of"), TypeError, "@traced(name)");
  assertThrows(() => bare(() => {}, "name"), TypeError, "the name comes before the function");
});

test("A traced function gives everything as it is where nothing is recorded", () => {
  const generator = function*() {}();
  const give = ci.traced(() => generator);
  using _off = ci.profile({ enabled: false });
  assertStrictEquals(give(), generator);
});

test("Cirron has traced(), capture() and stream() as methods", () => {
  const { traced, capture, stream } = ci.getDefault();
  assertEquals([traced, capture, stream], [ci.traced, ci.capture, ci.stream]);
});
