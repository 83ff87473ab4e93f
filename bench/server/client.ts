/**
 * Asks a server over so many connections, each with one request at a time. Arguments: the port, how many requests in all, over how
 * many connections.
 *
 * @module
 */
import { connect } from "node:net";
import process from "node:process";
import { pathOf } from "./workload.ts";

const [port, count, connections] = process.argv.slice(2).map(Number);
let next = 0;

await Promise.all(Array.from({ length: connections }, () =>
  new Promise<void>((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    let text = "";
    const ask = () => {
      if (next < count) socket.write(`GET ${pathOf(next++)} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
      else socket.end(resolve);
    };
    socket.setEncoding("latin1");
    socket.setNoDelay(true);
    socket.on("connect", ask);
    socket.on("error", reject);
    socket.on("data", (chunk: unknown) => {
      text += chunk as string;
      const head = text.indexOf("\r\n\r\n");
      if (head < 0) return;
      const length = Number(/\r\ncontent-length: *(\d+)/i.exec(text)?.[1]);
      if (text.length < head + 4 + length) return;
      if (!text.startsWith("HTTP/1.1 200 ") || Number.isNaN(length)) reject(new Error(text));
      text = "";
      ask();
    });
  })));
process.exit(0);
