import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import type { TraceDict, TraceNode } from "../../src/data/values.ts";
import { examplesMissing } from "../../tools/install.mjs";
import { CHECKOUT, sourcePath } from "../support/checkout.ts";
import { RUNTIME, testUnless } from "../support/conditions.ts";
import { findRuntime, run } from "../support/runtimes.ts";

// Real libraries, as examples/otel has them: two requests at once, their spans in ours and ours in theirs.

const FOLDER = join(CHECKOUT, "examples", "otel");
const REMOTE_TRACE = "0af7651916cd43dd8448eb211c80319c";
const REMOTE_SPAN = "b7ad6b7169203331";

const libraryTest = testUnless(examplesMissing(), import.meta.url);

async function traced(name: string, env: Record<string, string> = {}): Promise<TraceDict> {
  const args = RUNTIME === "deno" ? ["run", "-A", "--no-check", name] : [name];
  const { code, stdout, stderr } = await run(findRuntime(RUNTIME)!, args, { cwd: FOLDER, env });
  assertEquals(code, 0, stderr);
  return JSON.parse(stdout.trim().split("\n").at(-1)!);
}

/** Names as they lie in each other, those of one level by their names. */
function shapeOf(node: TraceNode): string {
  const children = node.children.map(shapeOf).sort();
  return children.length === 0 ? node.name : `${node.name}(${children.join(" ")})`;
}

function named(roots: readonly TraceNode[], name: string): TraceNode {
  for (const root of roots) {
    const found = root.name === name ? root : root.children.length > 0 ? find(root.children, name) : null;
    if (found !== null) return found;
  }
  throw new Error(`There is no ${name}`);
}

function find(nodes: readonly TraceNode[], name: string): TraceNode | null {
  for (const node of nodes) {
    const found = node.name === name ? node : find(node.children, name);
    if (found !== null) return found;
  }
  return null;
}

/** The root that continues the caller's trace. */
function remoteRoot({ roots }: TraceDict): TraceNode {
  const remote = roots.filter(({ parent_id }) => parent_id === REMOTE_SPAN);
  assertEquals(remote.length, 1);
  assertEquals(remote[0].trace_id, REMOTE_TRACE);
  return remote[0];
}

/** The root that continues the trace of a scope of the same process. */
function ownRoot({ roots }: TraceDict): TraceNode {
  const client = named(roots, "our own client");
  const own = roots.find(({ parent_id }) => parent_id === client.id.slice(0, 16));
  assertEquals(own?.trace_id, client.trace_id);
  return own!;
}

libraryTest(
  "hono with @hono/otel: a root per request, the callers kept, scopes in it, and who failed",
  async () => {
    const trace = await traced("hono.ts");
    assertEquals(shapeOf(remoteRoot(trace)), "GET /users/:id(query(SELECT))");
    assertEquals(shapeOf(ownRoot(trace)), "GET /users/:id(query(SELECT))");
    const failed = named(trace.roots[0].children, "GET /users/:id");
    assertEquals(failed.attrs.error, "Error: no user 9");
    assertEquals(failed.attrs["otel.scope.name"], "@hono/otel");
  },
);

libraryTest("fastify with @fastify/otel: a root per request, the caller kept, scopes in it", async () => {
  const trace = await traced("fastify.ts");
  const shape = "request(handler - fastify -> @fastify/otel(query(SELECT)))";
  assertEquals(shapeOf(remoteRoot(trace)), shape);
  assertEquals(shapeOf(named(trace.roots, "our own client")), `our own client(${shape})`);
  assertEquals(remoteRoot(trace).attrs["http.route"], "/users/:id");
});

libraryTest(
  "graphql-yoga with @envelop/opentelemetry: operations and resolvers, each under its own request",
  async () => {
    const trace = await traced("yoga.ts");
    const operation = (id: number) => `query.user${id}(Query.user User.id User.name query(SELECT))`;
    assertEquals(shapeOf(remoteRoot(trace)), `request(${operation(1)})`);
    assertEquals(shapeOf(named(trace.roots, "our own client")), `our own client(${operation(2)})`);
  },
);

libraryTest(
  "elysia with @elysiajs/opentelemetry: a root per request, the callers kept, scopes in it",
  async () => {
    const trace = await traced("elysia.ts");
    assertEquals(shapeOf(remoteRoot(trace)), "GET /users/:id(Handle query(SELECT))");
    assertEquals(shapeOf(ownRoot(trace)), "GET /users/:id(Handle query(SELECT))");
  },
);

function tokens({ marks }: TraceNode): unknown {
  return marks.filter(({ kind }) => kind === "summary").map(({ name, value }) => [name, value]);
}

libraryTest("ai 7 with @ai-sdk/otel: agents at once keep their own steps, and tokens are marks", async () => {
  const { roots } = await traced("ai.ts");
  const steps = "step 1(chat mock-model-id execute_tool weather(look up)) step 2(chat mock-model-id)";
  for (const question of ["question 1", "question 2"]) {
    const asked = named(roots, question);
    assertEquals(shapeOf(asked), `${question}(invoke_agent mock-model-id(${steps}))`);
    const [agent] = asked.children;
    assertEquals(tokens(agent), [["input_tokens", 6], ["output_tokens", 20]]);
    assertEquals(tokens(named([agent], "chat mock-model-id")), [["input_tokens", 3], ["output_tokens", 10]]);
  }
  const stream = named(roots, "greeting");
  assertEquals(shapeOf(stream), "greeting(invoke_agent mock-model-id(step 1(chat mock-model-id)))");
  assertEquals(tokens(named([stream], "chat mock-model-id")), [["input_tokens", 3], ["output_tokens", 10]]);
});

libraryTest(
  "ai 6 with its own telemetry: calls at once keep their own parts, and tokens are marks",
  async () => {
    const { roots } = await traced("ai_6.ts");
    for (const question of ["question 1", "question 2"]) {
      const asked = named(roots, question);
      assertEquals(
        shapeOf(asked),
        `${question}(ai.generateText(ai.generateText.doGenerate ai.generateText.doGenerate ai.toolCall(look up)))`,
      );
      assertEquals(tokens(named([asked], "ai.generateText.doGenerate")), [
        ["input_tokens", 3],
        ["output_tokens", 10],
        ["total_tokens", 13],
      ]);
    }
    const stream = named(roots, "greeting");
    assertEquals(shapeOf(stream), "greeting(ai.streamText(ai.streamText.doStream))");
    const marks = named([stream], "ai.streamText.doStream").marks.map(({ name }) => name);
    assertEquals(marks.slice(0, 2), ["ai.stream.firstChunk", "ai.stream.finish"]);
  },
);

const denoTest = testUnless(
  RUNTIME === "deno" ? null : "Deno's own telemetry is Deno's alone",
  import.meta.url,
);

const DENO_TELEMETRY = {
  OTEL_DENO: "true",
  OTEL_DENO_CONSOLE: "ignore",
  OTEL_METRICS_EXPORTER: "none",
  OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9",
};

interface Served {
  readonly answers: readonly { served: string | null; isSeen: boolean; path: string }[];
  readonly trace: TraceDict;
  readonly isRestored: boolean;
}

async function served(env: Record<string, string>): Promise<Served> {
  const program = sourcePath("tests/support/otel_server.ts");
  const { code, stdout, stderr } = await run(findRuntime("deno")!, ["run", "-A", "--no-check", program], {
    cwd: CHECKOUT,
    env,
  });
  assertEquals(code, 0, stderr);
  return JSON.parse(stdout.trim().split("\n").at(-1)!);
}

denoTest(
  "Deno's own telemetry on: spans here hang on its spans, it knows of ours, and it is given back",
  async () => {
    const { answers, trace, isRestored } = await served(DENO_TELEMETRY);
    assert(isRestored);
    for (const { served, isSeen, path } of answers) {
      assertMatch(served!, /^[0-9a-f]{16}$/);
      assert(isSeen);
      const root = named(trace.roots, `handle ${path}`);
      assertEquals(root.parent_id, served);
      assertEquals(shapeOf(root), `handle ${path}(ours ${path}(theirs ${path}))`);
    }
  },
);

denoTest("Deno's own telemetry off: spans here are roots of their own", async () => {
  const { answers, trace } = await served({});
  for (const { served, path } of answers) {
    assertEquals(served, null);
    const root = named(trace.roots, `handle ${path}`);
    assertEquals(shapeOf(root), `handle ${path}(ours ${path}(theirs ${path}))`);
  }
});
