/*
 * Clients that a server may meet. Each takes the port and a random `below`, and resolves when it has done its worst: with
 * its connection, where it holds one open.
 */
import { createHash } from "node:crypto";
import { connect } from "node:net";
import { setTimeout as pause } from "node:timers/promises";

export const LARGE = "/data/mnist/train-images-idx3-ubyte";

const head = (path, port) => `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n`;

const SOME = 2000;

/** Connects, sends this, and leaves what comes unread. */
function send(port, text) {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1").pause();
    socket.on("error", () => {}).on("close", () => resolve(socket)); // the server may close it, and should
    socket.on("connect", () => socket.write(text, () => resolve(socket)));
  });
}

/** All that comes for this within a while; "" where the connection is closed without an answer. */
async function ask(port, text) {
  const socket = await send(port, text);
  let answer = "";
  socket.setEncoding("latin1").on("data", (chunk) => {
    answer += chunk.slice(0, SOME - answer.length);
  });
  if (socket.destroyed) return answer;
  socket.resume();
  await Promise.race([new Promise((resolve) => socket.on("close", resolve)), pause(2000)]);
  socket.destroy();
  return answer;
}

const paths = [
  "/../../etc/passwd",
  "/%2e%2e/%2e%2e/etc/passwd",
  "/data/mnist/../../secret",
  "/data/mnist/..%2fsecret",
  "/..%5c..%5csecret",
  "/data/fashion-mnist/train-images-idx3-ubyte", // a named pipe
  "/data/fashion-mnist/train-labels-idx1-ubyte", // a link to what isn't served
  "//etc/passwd",
  "file:///etc/passwd",
  "/index.html%00",
  "/%",
  "*",
  "/__proto__",
  `/${"a".repeat(8000)}`,
  `/${"a/../".repeat(4000)}`,
];

const nonsense = [
  "\0\0\0\0\r\n\r\n",
  "GET / HTTP/9.9\r\n\r\n",
  "GET / HTTP/1.1\r\n\r\n",
  "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n",
  "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99999999\r\n\r\nabc",
  "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nzzz\r\n",
  "CONNECT a:1 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
  `GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n`,
  `GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n${`A: ${"b".repeat(100)}\r\n`.repeat(200)}\r\n`,
  `\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03`, // the beginning of TLS
];

/** By name: what it does, and whether it holds its connection open. */
export const clients = {
  "asks for MNIST and doesn't read": (port) => send(port, `${head(LARGE, port)}\r\n`),
  "sends half a request": (port, below) => send(port, `${head(LARGE, port)}X: 1`.slice(0, 1 + below(60))),
  "connects and is silent": (port) => send(port, ""),
  "sends 300 requests at once": (port) => send(port, `${head(LARGE, port)}\r\n`.repeat(300)),
  "goes away in the middle": async (port, below) => {
    const socket = await send(port, `${head(LARGE, port)}\r\n`);
    socket.resume();
    await pause(below(20));
    if (below(2) === 0) socket.destroy();
    else socket.resetAndDestroy();
  },
  "asks for what isn't there": async (port, below) => {
    const path = paths[below(paths.length)];
    return expectRefusal(await ask(port, `${head(path, port)}Connection: close\r\n\r\n`), path);
  },
  "sends nonsense": async (port, below) => {
    const text = nonsense[below(nonsense.length)];
    const answer = await ask(port, text);
    return text.includes("Upgrade") ? undefined : expectRefusal(answer, JSON.stringify(text.slice(0, 40)));
  },
};

function expectRefusal(answer, what) {
  if (/secret|root:/.test(answer)) throw new Error(`${what.slice(0, 60)} gives what isn't served`);
  if (answer !== "" && !/^HTTP\/1\.1 4\d\d /.test(answer))
    throw new Error(`${what.slice(0, 60)}: ${answer.split("\r\n")[0]}`);
}

/** Reads a body to its end, as a browser does. @returns its checksum */
export async function download(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  const hash = createHash("sha256");
  for await (const chunk of answer.body) hash.update(chunk);
  return hash.digest("hex");
}
