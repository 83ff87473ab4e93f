import { assert, assertEquals, assertNotStrictEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { test } from "node:test";
import { GARBAGE, RUNTIME, testUnless } from "../support/conditions.ts";
import { TestEngine } from "../support/engine.ts";
import { collectGarbage, nextTask } from "../support/recording.ts";

const collectingTest = testUnless(GARBAGE, import.meta.url);

// Web streams and responses as results of a scope's function: another stream takes the place of the one that is followed.

const openCount = (ci: TestEngine): number => ci.engine.health().open_count;

/** A stream of so many texts that makes one when it is asked, and tells what became of it. */
function texts(ci: TestEngine, count: number): { stream: ReadableStream<string>; log: string[] } {
  const log: string[] = [];
  let i = 0;
  const stream = new ReadableStream<string>({
    pull: async controller => {
      await null;
      if (i === count) return controller.close();
      log.push(`make ${i}`);
      ci.scope("make", { index: i }, () => {});
      controller.enqueue(`${i++}`);
    },
    cancel: reason => void log.push(`cancel ${reason}`),
  }, { highWaterMark: 0 });
  return { stream, log };
}

const READERS: Readonly<Record<string, (stream: ReadableStream<string>) => Promise<string>>> = {
  "a reader": async stream => {
    const reader = stream.getReader();
    let all = "";
    for (let next = await reader.read(); !next.done; next = await reader.read()) all += next.value;
    return all;
  },
  "a loop": async stream => {
    let all = "";
    for await (const text of stream) all += text;
    return all;
  },
  "a pipe": async stream => {
    let all = "";
    await stream.pipeTo(new WritableStream({ write: text => void (all += text) }));
    return all;
  },
  "a pipe through": async stream => await new Response(stream.pipeThrough(new TextEncoderStream())).text(),
  "both halves of a tee": async stream => {
    const [one, two] = stream.tee().map(half =>
      new Response(half.pipeThrough(new TextEncoderStream())).text()
    );
    assertEquals(await one, await two);
    return await one;
  },
};

for (const [what, read] of Object.entries(READERS)) {
  test(`scope() closes when ${what} has read a ReadableStream to its end`, async () => {
    const ci = new TestEngine();
    const given = ci.scope("generate", () => texts(ci, 3).stream); // its flow is the one that it is made in
    assert(given instanceof ReadableStream);
    assertEquals(openCount(ci), 1);
    assertEquals(await read(given), "012");
    assertEquals(ci.shape(), "generate\n  make[0]\n  make[1]\n  make[2]");
  });
}

test("A followed ReadableStream asks for a chunk when it is asked for one, and for no other", async () => {
  const ci = new TestEngine();
  let log: string[] = [];
  const reader = ci.scope("generate", () => {
    const made = texts(ci, 3);
    log = made.log;
    return made.stream;
  }).getReader();
  await nextTask();
  assertEquals(log, []);
  await reader.read();
  await nextTask();
  assertEquals(log, ["make 0"]);
  await reader.cancel("enough");
  assertEquals(log, ["make 0", "cancel enough"]);
  assertEquals(ci.shape(), "generate\n  make[0]");
});

test("scope() closes when a ReadableStream is cancelled while it is read", async () => {
  const ci = new TestEngine();
  const stream = ci.scope("generate", () => new ReadableStream({ pull: () => new Promise(() => {}) }));
  const reader = stream.getReader();
  const read = reader.read();
  await reader.cancel();
  assertEquals(await read, { done: true, value: undefined });
  assertEquals(ci.shape(), "generate");
});

test("scope() keeps the error of a ReadableStream, and hands it on", async () => {
  const ci = new TestEngine();
  const error = new Error("boom");
  const stream = ci.scope("generate", () => new ReadableStream({ pull: () => Promise.reject(error) }));
  assertStrictEquals(await assertRejects(() => stream.getReader().read()), error);
  const uncancelled = ci.scope("cancel", () => new ReadableStream({ cancel: () => Promise.reject(error) }));
  assertStrictEquals(await assertRejects(() => uncancelled.cancel()), error);
  assertEquals(ci.shape(), "generate !Error: boom\ncancel !Error: boom");
});

test("A followed stream of bytes takes memory of its reader's own", async () => {
  const ci = new TestEngine();
  let left = 5;
  const stream = ci.scope("generate", () =>
    new ReadableStream({
      type: "bytes",
      pull: controller => {
        const { byobRequest } = controller;
        if (left === 0) {
          controller.close();
          byobRequest?.respond(0);
        } else if (byobRequest === null) controller.enqueue(new Uint8Array([left--]));
        else {
          (byobRequest.view as Uint8Array)[0] = left--;
          byobRequest.respond(1);
        }
      },
    }));
  const own = stream.getReader({ mode: "byob" });
  const first = await own.read(new Uint8Array(8));
  assertEquals([[...first.value!], first.value!.buffer.byteLength], [[5], 8]);
  own.releaseLock();
  const plain = stream.getReader();
  assertEquals([...(await plain.read()).value!], [4]);
  plain.releaseLock();
  const last = stream.getReader({ mode: "byob" });
  for (const expected of [3, 2, 1]) {
    assertEquals([...(await last.read(new Uint8Array(8))).value!], [expected]);
  }
  assertEquals(openCount(ci), 1);
  assertEquals((await last.read(new Uint8Array(8))).done, true);
  assertEquals(ci.shape(), "generate");
});

test("scope() gives a ReadableStream as it is that is being read, and one of another class", async () => {
  class Tokens extends ReadableStream<string> {
    readonly #model = "m";
    get model(): string {
      return this.#model;
    }
  }
  const ci = new TestEngine();
  const { stream } = texts(ci, 1);
  const reader = stream.getReader();
  assertStrictEquals(ci.scope("locked", () => stream), stream);
  assertEquals(openCount(ci), 0);
  await reader.cancel();
  const tokens = new Tokens({ start: controller => controller.close() });
  const given = ci.scope("tokens", () => tokens);
  assertStrictEquals(given, tokens);
  assertEquals(given.model, "m");
  for await (const _ of given);
  assertEquals(ci.shape(), "locked\ntokens");
});

function streamed(ci: TestEngine, init?: ResponseInit): Response {
  return new Response(texts(ci, 3).stream.pipeThrough(new TextEncoderStream()), init);
}

test("scope() closes when the body of a Response has been read", async () => {
  const ci = new TestEngine();
  const response = await ci.scope("generate", () =>
    Promise.resolve(
      streamed(ci, { status: 201, statusText: "Made", headers: { "content-type": "text/x", "x-a": "1" } }),
    ));
  assertEquals([response.status, response.statusText, response.ok], [201, "Made", true]);
  assertEquals([response.headers.get("content-type"), response.headers.get("x-a")], ["text/x", "1"]);
  assertEquals([response.bodyUsed, openCount(ci)], [false, 1]);
  assertEquals(await response.text(), "012");
  assertEquals([response.bodyUsed, openCount(ci)], [true, 0]);
  await assertRejects(() => response.text(), TypeError);
  assertEquals(Object.prototype.toString.call(response), "[object Response]");
});

test("scope() closes when a body is cancelled, fails, or half of it is", async () => {
  const ci = new TestEngine();
  const response = ci.scope("cancel", () => streamed(ci));
  const reader = response.body!.getReader();
  await reader.read();
  await reader.cancel();
  const failing = ci.scope(
    "fail",
    () => new Response(new ReadableStream({ pull: () => Promise.reject(new Error("boom")) })),
  );
  await assertRejects(() => failing.bytes(), Error, "boom");
  const cloned = ci.scope("clone", () => streamed(ci));
  const copy = cloned.clone();
  assertEquals([await copy.text(), await cloned.text()], ["012", "012"]);
  assertEquals(openCount(ci), 0);
  const [, failed] = ci.dict().roots;
  assertEquals([failed.name, failed.attrs], ["fail", { error: "Error: boom" }]);
});

test("A followed Response that was fetched knows where it comes from, and so does its copy", () => {
  const ci = new TestEngine();
  const url = `data:text/plain,${"x".repeat(10)}`;
  const fetched = Object.defineProperty(streamed(ci), "url", { get: () => url });
  const response = ci.scope("fetch", () => fetched);
  assertNotStrictEquals(response, fetched);
  assertEquals([response.url, response.clone().url, response.type, response.redirected], [
    url,
    url,
    "default",
    false,
  ]);
});

const RESPONSES: Readonly<Record<string, () => Response>> = {
  "no body": () => new Response(null, { status: 204 }),
  "an empty text": () => new Response(""),
  "a text": () => new Response("text"),
  "JSON": () => Response.json({ a: 1 }),
  "bytes": () => new Response(new Uint8Array(3)),
  "a Blob": () => new Response(new Blob(["text"])),
  "a form": () => {
    const form = new FormData();
    form.append("a", "b");
    return new Response(form);
  },
  "parameters": () => new Response(new URLSearchParams({ a: "b" })),
  "a redirection": () => Response.redirect("http://x.test/"),
  "an error": () => Response.error(),
  "a stream that is empty": () =>
    new Response(new ReadableStream({ start: controller => controller.close() }), {
      headers: { "content-length": "0" },
    }),
  "headers that look like a stream": () => new Response("text", { headers: { a: "ReadableStream", b: "x" } }),
  "a class of its own": () =>
    new (class extends Response {})(new ReadableStream({ start: controller => controller.close() })),
};

for (const [what, make] of Object.entries(RESPONSES)) {
  test(`scope() gives a Response with ${what} as it is and has closed`, async () => {
    const ci = new TestEngine();
    const response = make();
    assertStrictEquals(ci.scope("x", () => response), response);
    assertEquals([ci.shape(), response.bodyUsed], ["x", false]);
    await response.body?.cancel();
  });
}

test("A Response that streams is followed whatever its status says", async () => {
  const ci = new TestEngine();
  const given = ci.scope("handle", () => {
    const { stream } = texts(ci, 2);
    return new Response(stream.pipeThrough(new TextEncoderStream()), {
      status: 201,
      statusText: "Created, at more length than any body",
    });
  });
  assertEquals(openCount(ci), 1);
  assertEquals(await given.text(), "01");
  assertEquals(openCount(ci), 0);
});

test("scope() closes with a Response of a file's stream, of an async generator", async () => {
  const ci = new TestEngine();
  const { Deno: deno, Bun: bun } = globalThis as unknown as {
    Deno: { open(path: string): Promise<{ readable: ReadableStream }> };
    Bun: { file(path: string): { stream(): ReadableStream } };
  };
  const path = new URL(import.meta.url).pathname;
  const body = RUNTIME === "bun" ? bun.file(path).stream() : (await deno.open(path)).readable;
  const file = ci.scope("file", () => new Response(body));
  assert((await file.text()).includes("scope() closes with a Response of a file's stream"));
  const generated = ci.scope("generated", () =>
    new Response(
      (async function*() {
        yield new Uint8Array([97]);
        await nextTask();
        yield new Uint8Array([98]);
      })() as unknown as BodyInit,
    ));
  assertEquals(openCount(ci), 1);
  assertEquals(await generated.text(), "ab");
  assertEquals(ci.shape(), "file\ngenerated");
});

collectingTest("A Response that nobody reads is closed when it is collected", async () => {
  const ci = new TestEngine();
  for (let i = 0; i < 10; i++) ci.scope("generate", () => streamed(ci));
  for (let i = 0; i < 20 && openCount(ci) > 0; i++) await collectGarbage();
  assert(openCount(ci) < 5);
  assertEquals(ci.dict().roots[0].attrs, { abandoned: true });
});

collectingTest("A stream of a hundred megabytes is not kept", async () => {
  const ci = new TestEngine();
  let left = 100;
  const stream = ci.scope("generate", () =>
    new ReadableStream({
      pull: controller => {
        if (left-- === 0) controller.close();
        else controller.enqueue(new Uint8Array(1_000_000));
      },
    }));
  const seen: WeakRef<Uint8Array>[] = [];
  for await (const chunk of stream) seen.push(new WeakRef(chunk));
  await collectGarbage();
  assert(seen.filter(chunk => chunk.deref() !== undefined).length < 10);
});
