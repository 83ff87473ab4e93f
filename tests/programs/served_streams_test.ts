import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { sourceUrl } from "../support/checkout.ts";
import { RUNTIME } from "../support/conditions.ts";
import { findRuntime, run, said } from "../support/runtimes.ts";
import { TempDirectory } from "../support/temp_directory.ts";

// Servers that answer with streams from within a scope: Deno.serve and Bun.serve read these from within.

const FLAGS = RUNTIME === "deno" ? ["run", "-A", "--no-check", "--no-lock"] : [];

/** A server and its clients in one program, each request in a scope; `body` is the clients' part. */
function program(body: string): string {
  return `
import * as ci from ${JSON.stringify(sourceUrl("mod.ts"))};
import { setTimeout as sleep } from "node:timers/promises";

const gate = Promise.withResolvers();
const encoder = new TextEncoder();
function texts(count, ms) {
  let i = 0;
  return new ReadableStream({
    pull: async controller => {
      await sleep(ms);
      ci.scope("make", { index: i }, () => {});
      if (i === count) controller.close();
      else controller.enqueue(encoder.encode("x".repeat(1000) + i++ + "\\n"));
    },
  }, { highWaterMark: 0 });
}
const routes = {
  "/three": () => new Response(texts(3, 1), { status: 201, headers: { "content-type": "text/x", "x-a": "1" } }),
  "/endless": () => new Response(texts(Infinity, 1)),
  "/fails": () => new Response(new ReadableStream({
    pull: async controller => {
      await sleep(1);
      ci.scope("make", () => controller.enqueue(encoder.encode("x")));
      throw new Error("boom");
    },
  }, { highWaterMark: 0 })),
  "/text": () => new Response("text"),
  "/json": () => Response.json({ a: 1 }),
  "/none": () => new Response(null, { status: 204 }),
  "/gated": () => new Response((async function*() {
    yield encoder.encode("a");
    await gate.promise;
    yield encoder.encode("b");
  })(), { headers: { "x-a": "1" } }),
  "/proxy": () => fetch(at("/gated")),
  "/generator": () => new Response((async function*() {
    yield encoder.encode("a");
    await sleep(1);
    ci.scope("make", () => {});
    yield encoder.encode("b");
  })()),
};
const handle = async request => {
  const { pathname } = new URL(request.url);
  return await ci.scope(pathname, async () => {
    await null;
    return routes[pathname]();
  });
};
const isDeno = !("Bun" in globalThis);
const server = isDeno
  ? Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {}, onError: () => new Response(null, { status: 500 }) }, handle)
  : Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: handle, error: () => new Response(null, { status: 500 }) });
const at = path => "http://127.0.0.1:" + (isDeno ? server.addr.port : server.port) + path;
let stopped;
const stop = () => stopped ??= isDeno ? server.shutdown() : server.stop(true);
/** Until every stream is over. */
async function settled() {
  while (ci.health().open_count > 0) await sleep(2);
}
const report = {};
const shape = name => ci.trace({ format: "dict", name }).roots.map(function text(node) {
  return node.name + ("error" in node.attrs ? "!" : "") + ("abandoned" in node.attrs ? "?" : "")
    + node.children.map(child => " " + child.name + child.index).join("");
});
${body}
await settled();
await stop();
console.log(JSON.stringify(report));
`;
}

/** What the clients' part reports. */
async function reportOf(body: string): Promise<unknown> {
  using directory = new TempDirectory();
  const path = directory.write("served.js", program(body));
  return said(await run(findRuntime(RUNTIME)!, [...FLAGS, path]));
}

test("A server's scope closes when the client has all of a streamed answer, which is as it was", async () => {
  const report = await reportOf(`
const response = await fetch(at("/three"));
report.head = [response.status, response.headers.get("content-type"), response.headers.get("x-a")];
report.length = (await response.text()).length;
report.generated = await (await fetch(at("/generator"))).text();
await settled();
report.shape = [...shape("/three"), ...shape("/generator")];`);
  assertEquals(report, {
    head: [201, "text/x", "1"],
    length: 3006,
    generated: "ab",
    shape: ["/three make0 make1 make2 make3", "/generator makenull"],
  });
});

test("A server's scope that gives another server's answer on closes when that is through", async () => {
  const report = await reportOf(`
const response = await fetch(at("/proxy"));
report.open = ci.health().open_count;
report.head = response.headers.get("x-a");
gate.resolve();
report.text = await response.text();`);
  assertEquals(report, { open: 2, head: "1", text: "ab" });
});

test("A server's scope closes when the client goes away, and when the server stops", async () => {
  // By a socket: fetch() in Deno 2.9 may go on reading what it has aborted.
  const report = await reportOf(`
const { connect } = await import("node:net");
async function begin() {
  const socket = connect(Number(new URL(at("")).port), "127.0.0.1");
  socket.on("error", () => {});
  socket.write("GET /endless HTTP/1.1\\r\\nhost: x\\r\\n\\r\\n");
  let text = "";
  await new Promise(resolve => socket.on("data", data => (text += data).includes("xxx") && resolve()));
  return socket;
}
(await begin()).destroy();
await settled();
const other = await begin();
if (isDeno) other.destroy(); // whose server waits for its clients
await stop();
await settled();
report.shapes = shape("/endless").map(text => text.replace(/(?<=make0)( make\\d+)*$/, ""));`);
  assertEquals(report, { shapes: ["/endless make0", "/endless make0"] });
});

test("A server's scope keeps the error of a stream that fails half way", async () => {
  const report = await reportOf(`
await fetch(at("/fails")).then(response => response.text()).catch(() => {});
await settled();
report.shape = shape("/fails");`);
  assertEquals(report, { shape: ["/fails! makenull"] });
});

test("A server's answer that does not stream goes out with its length and its type, and its scope has closed", async () => {
  const report = await reportOf(`
for (const path of ["/text", "/json", "/none"]) {
  const response = await fetch(at(path));
  const { headers } = response;
  report[path] = [response.status, headers.get("content-length"), headers.get("content-type")?.toLowerCase() ?? null];
  await response.text();
}`);
  const type = "application/json" + (RUNTIME === "bun" ? ";charset=utf-8" : "");
  assertEquals(report, {
    "/text": [200, "4", "text/plain;charset=utf-8"],
    "/json": [200, "7", type],
    "/none": [204, null, null],
  });
});

test("A thousand streamed answers at once do not mix", async () => {
  const report = await reportOf(`
const lengths = await Promise.all(Array.from({ length: 1000 }, async () => (await (await fetch(at("/three"))).text()).length));
await settled();
report.lengths = [...new Set(lengths)];
report.shapes = [...new Set(shape("/three"))];
report.count = shape("/three").length;
report.misnested = ci.health().misnested_count;`);
  assertEquals(report, {
    lengths: [3006],
    shapes: ["/three make0 make1 make2 make3"],
    count: 1000,
    misnested: 0,
  });
});
