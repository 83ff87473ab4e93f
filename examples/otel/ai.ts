/**
 * The AI SDK 7 with `@ai-sdk/otel` and a model that is made up: an agent that calls a tool, and a stream. The tokens of each call are
 * marks.
 *
 * `npm install` here, then `deno run -A ai.ts` or `bun ai.ts`.
 *
 * @module
 */
import { OpenTelemetry } from "@ai-sdk/otel";
import * as ci from "@cirron/sdk";
import { register } from "@cirron/sdk/otel";
import * as api from "@opentelemetry/api";
import { generateText, isStepCount, registerTelemetry, simulateReadableStream, streamText, tool } from "ai";
import { MockLanguageModelV4 } from "ai/test";
import { z } from "zod";

ci.profile({ output: "none" });
register(api);
registerTelemetry(new OpenTelemetry());

const usage = {
  inputTokens: { total: 3, noCache: 3, cacheRead: undefined, cacheWrite: undefined },
  outputTokens: { total: 10, text: 10, reasoning: undefined },
};

/** Asks for a tool first, and answers with what that gave. */
function agent() {
  let calls = 0;
  return new MockLanguageModelV4({
    doGenerate: () =>
      Promise.resolve({
        warnings: [],
        usage,
        ...(calls++ === 0
          ? {
            finishReason: { unified: "tool-calls" as const, raw: undefined },
            content: [{
              type: "tool-call" as const,
              toolCallId: "call-1",
              toolName: "weather",
              input: '{"city":"Oslo"}',
            }],
          }
          : {
            finishReason: { unified: "stop" as const, raw: undefined },
            content: [{ type: "text" as const, text: "Rain in Oslo." }],
          }),
      }),
  });
}

function streaming() {
  return new MockLanguageModelV4({
    doStream: () =>
      Promise.resolve({
        stream: simulateReadableStream({
          chunkDelayInMs: 2,
          chunks: [
            { type: "text-start" as const, id: "1" },
            { type: "text-delta" as const, id: "1", delta: "Hel" },
            { type: "text-delta" as const, id: "1", delta: "lo" },
            { type: "text-end" as const, id: "1" },
            { type: "finish" as const, finishReason: { unified: "stop" as const, raw: undefined }, usage },
          ],
        }),
      }),
  });
}

const weather = tool({
  description: "The weather of a city",
  inputSchema: z.object({ city: z.string() }),
  // A scope of ours inside the tool's span.
  execute: ({ city }) => ci.scope("look up", { attrs: { city } }, () => Promise.resolve("rain")),
});

const ask = (question: string) =>
  ci.scope(question, async () => {
    const { text } = await generateText({
      model: agent(),
      tools: { weather },
      stopWhen: isStepCount(3),
      prompt: question,
    });
    return text;
  });

const stream = (name: string) =>
  ci.scope(name, async () => {
    let text = "";
    for await (const part of streamText({ model: streaming(), prompt: "Say hello" }).textStream) text += part;
    return text;
  });

// Two agents and a stream at once.
await Promise.all([ask("question 1"), ask("question 2"), stream("greeting")]);

ci.shutdown();
console.log(ci.trace({ format: "json" }));
