import { assert, assertEquals, assertMatch, assertStrictEquals } from "@std/assert";
import { test } from "node:test";
import * as ci from "../../mod.ts";
import { readSpool } from "../../src/api/read.ts";
import type { TraceDict } from "../../src/data/values.ts";
import { column, columnEngine, columnsOf, flat } from "../support/cases.ts";
import { TestEngine } from "../support/engine.ts";
import { nodeNamed } from "../support/recording.ts";
import { MemorySink } from "../support/sinks.ts";
import { readFiles } from "../support/spool_files.ts";
import { TempDirectory } from "../support/temp_directory.ts";

const REMOTE_TRACE = "0af7651916cd43dd8448eb211c80319c";
const REMOTE_SPAN = "b7ad6b7169203331";
const REMOTE = `00-${REMOTE_TRACE}-${REMOTE_SPAN}-01`;

/** Requests of two remote callers beside a scope of its own, each with a span within. */
function serve(engine: TestEngine): void {
  for (const parent of [REMOTE, null, REMOTE.replace("0af", "1af").replace("b7", "c7")]) {
    engine.scope("request", { parent }, () => {
      engine.clock.us(10);
      engine.scope("query", () => engine.clock.us(5));
    });
  }
}

function links(
  dict: TraceDict,
): [name: string, depth: number, parent: string | null, trace: string | null][] {
  return flat(dict).map(({ node, depth }) => [node.name, depth, node.parent_id, node.trace_id]);
}

function serving(session: boolean): TestEngine {
  const engine = columnEngine();
  if (session) engine.profile();
  serve(engine);
  engine.engine.shutdown();
  return engine;
}

for (const session of [false, true]) {
  const where = session ? "in a session" : "without a session";

  test(`Spans of foreign parents ${where} are roots with the remote span's id, of its trace`, () => {
    const dict = serving(session).dict();
    const remote = dict.roots.filter(root => root.parent_id !== null);
    assertEquals(remote.map(root => [root.name, root.parent_id, root.trace_id]), [
      ["request", REMOTE_SPAN, REMOTE_TRACE],
      ["request", REMOTE_SPAN.replace("b7", "c7"), REMOTE_TRACE.replace("0af", "1af")],
    ]);
    for (const root of remote) {
      const [query] = root.children;
      assertEquals([query.parent_id, query.trace_id], [root.id, root.trace_id]);
    }
  });

  test(`Spans of foreign parents ${where} are the same in json, the DataFrame and the dict`, () => {
    const engine = serving(session);
    const dict = engine.dict();
    assertEquals(engine.json(), JSON.stringify(dict));
    const byId = new Map(flat(dict).map(({ node }) => [node.id, node]));
    const columns = columnsOf(engine, {});
    const nodes = column(columns, "id").map(id => byId.get(id as string)!);
    assertEquals(nodes.length, session ? 7 : 6);
    assertEquals(column(columns, "parent_id"), nodes.map(node => node.parent_id));
    assertEquals(column(columns, "trace_id"), nodes.map(node => node.trace_id));
  });
}

test("Filters take a span of a foreign parent for a root", () => {
  const engine = serving(true);
  assertEquals(engine.dict({ name: "request" }).roots.map(root => root.name), new Array(3).fill("request"));
  assertEquals(engine.dict({ depth: 0 }).span_count, 3); // the session and the two of remote callers
  assertEquals(engine.dict({ name: "query", last: 1 }).roots[0].trace_id, REMOTE_TRACE.replace("0af", "1af"));
});

test("The trace file for viewers says where a trace begins, and which remote span it continues", () => {
  const engine = serving(true);
  const text = engine.host.trace({ format: "perfetto" }) as string;
  const events =
    (JSON.parse(text).traceEvents as { ph: string; name: string; args: Record<string, unknown> }[])
      .filter(event => event.ph === "X");
  const said = events.map(({ name, args }) => [name, args.parent_id, args.trace_id !== undefined]);
  assertEquals(said.filter(([name]) => name === "query"), new Array(3).fill(["query", undefined, false]));
  const requests = said.filter(([name]) => name === "request");
  assertEquals(requests.map(([, , trace]) => trace), [true, true, true]);
  const parents = new Set(requests.map(([, parent]) => parent));
  assertEquals(parents, new Set([REMOTE_SPAN, undefined, REMOTE_SPAN.replace("b7", "c7")]));
});

test("A sink is given the remote span's id and the trace", () => {
  const engine = new TestEngine();
  const sink = new MemorySink();
  engine.engine.profile({ output: sink });
  serve(engine);
  engine.engine.flush();
  const spans = sink.spans.filter(span => span.name === "request");
  assertEquals(spans.map(span => span.parent_id).filter(id => id?.length === 16), [
    REMOTE_SPAN,
    REMOTE_SPAN.replace("b7", "c7"),
  ]);
  assertEquals(spans[0].trace_id, REMOTE_TRACE);
  engine.engine.shutdown();
});

test("readSpool() joins what two processes wrote of one trace, and shows what it has of another as a root", () => {
  using folder = new TempDirectory();
  const client = new TestEngine(undefined, { idSuffix: "1111111111111111" });
  const server = new TestEngine(undefined, { idSuffix: "2222222222222222" });
  for (const engine of [client, server]) {
    engine.engine.profile({ output: "spool", outputDir: folder.path });
  }
  client.scope("client", scope => {
    server.scope("server", { parent: scope.traceparent }, () => server.scope("query", () => {}));
  });
  server.scope("stranger", { parent: REMOTE }, () => {});
  for (const engine of [client, server]) engine.engine.shutdown();
  const written = readFiles(folder.path).flatMap(file => file.spans).filter(span => span.name === "server");
  assertMatch(String(written[0].parent_id), /^[0-9a-f]{16}$/);

  const dict = readSpool(folder.path).trace({ format: "dict", open: true });
  const [of, to] = ["client", "server"].map(name => nodeNamed(dict, name));
  assertEquals([to.parent_id, to.trace_id], [of.id, of.trace_id]);
  assertEquals(
    links(dict).map(([name, depth]) => `${name} ${depth}`).toSorted(),
    ["cirron.session 0", "cirron.session 0", "client 1", "query 3", "server 2", "stranger 0"],
  );
  const stranger = dict.roots.find(root => root.name === "stranger")!;
  assertEquals([stranger.parent_id, stranger.trace_id], [REMOTE_SPAN, REMOTE_TRACE]);
  assert(!links(dict).some(([name]) => name === "(open)"));
});

test("current() and context() of the package are those of the innermost scope, also as methods", () => {
  ci.shutdown();
  const mine = ci.getDefault();
  assertStrictEquals(mine.current(), null);
  assertMatch(mine.context(), /^00-0{32}-0{16}-00$/);
  using outer = ci.scope("outer");
  assertStrictEquals(ci.current(), outer);
  assertStrictEquals(mine.context(), outer.traceparent);
  const given: number = outer.run(scope => scope === outer ? 1 : 0);
  assertEquals(given, 1);
  const promised: Promise<string> = outer.run(() => Promise.resolve("x"));
  assert(promised instanceof Promise);
  // @ts-expect-error A parent is a scope, a text or null.
  const wrong: ci.ScopeOptions = { parent: 5 };
  assertEquals(wrong.parent, 5 as never);
});

test("current() and context() get along with the engine of an older copy, which has neither", () => {
  const engine = (globalThis as { [key: symbol]: { recording: object } })[Symbol.for("@cirron/sdk/engine/1")];
  const { recording } = engine;
  try {
    engine.recording = { scope: () => {}, mark: () => {}, loopRecorder: () => null };
    assertStrictEquals(ci.current(), null);
    assertMatch(ci.context(), /^00-0{32}-0{16}-00$/);
  } finally {
    engine.recording = recording;
  }
});
