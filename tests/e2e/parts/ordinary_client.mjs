// An ordinary day of Node's own clients: ordinary_client.mjs HOST [PROXY_HOST PROXY_PORT], a line of JSON.
import crypto from "node:crypto";
import http from "node:http";
import http2 from "node:http2";
import https from "node:https";
import tls from "node:tls";

const [host, proxyHost, proxyPort] = process.argv.slice(2);
const sha = (data) => crypto.createHash("sha256").update(data).digest("hex");

// A connection to the site's port, through the proxy where there is one.
const dial = () =>
  new Promise((resolve, reject) => {
    if (!proxyHost) return resolve(undefined);
    http
      .request({ host: proxyHost, port: proxyPort, method: "CONNECT", path: `${host}:443`, headers: { Host: `${host}:443` } })
      .on("connect", (answer, socket) => (answer.statusCode === 200 ? resolve(socket) : reject(new Error(`CONNECT: ${answer.statusCode}`))))
      .on("error", reject)
      .end();
  });
const secure = async (protocols) => {
  const socket = tls.connect({ socket: await dial(), host, port: 443, servername: host, ALPNProtocols: protocols });
  await new Promise((resolve, reject) => socket.once("secureConnect", resolve).once("error", reject));
  return socket;
};
const ask = async (path, { method = "GET", body, headers = {} } = {}) => {
  const socket = await secure(["http/1.1"]);
  return new Promise((resolve, reject) => {
    const request = https.request({ host, path, method, headers, agent: false, createConnection: () => socket });
    request.on("error", reject);
    request.on("response", (answer) => {
      const pieces = [], times = [];
      answer.on("data", (piece) => (pieces.push(piece), times.push(Date.now())));
      answer.on("end", () => resolve({ status: answer.statusCode, body: Buffer.concat(pieces), times }));
      answer.on("error", reject);
    });
    request.on("upgrade", (answer, upgraded) => resolve({ status: answer.statusCode, socket: upgraded }));
    request.end(body);
  });
};

const day = {};
day.page = (await ask("/page")).body.toString();
const sent = Buffer.alloc(3_000_000, "pupil's work ");
day.upload = (await ask("/upload", { method: "POST", body: sent })).body.toString() === sha(sent);
day.download = sha((await ask("/download?5000000")).body);
const { body, times } = await ask("/events");
day.events = body.toString().split("\n\n").length - 1;
day.spread = (times.at(-1) - times[0]) / 1000;

const { status, socket } = await ask("/socket", {
  headers: { Connection: "Upgrade", Upgrade: "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": crypto.randomBytes(16).toString("base64") },
});
const frame = (kind, text) => {
  const mask = crypto.randomBytes(4), data = Buffer.from(text);
  return Buffer.concat([Buffer.from([0x80 | kind, 0x80 | data.length]), mask, data.map((byte, i) => byte ^ mask[i % 4])]);
};
day.websocket = await new Promise((resolve) => {
  if (status !== 101) return resolve(`status ${status}`);
  let heard = Buffer.alloc(0);
  socket.on("data", (piece) => {
    heard = Buffer.concat([heard, piece]);
    if (heard.length < 2 || heard.length < 2 + heard[1]) return;
    resolve(heard.subarray(2, 2 + heard[1]).toString());
    if (!socket.writableEnded) socket.end(frame(8, ""));
  });
  socket.write(frame(1, "good morning"));
});

const second = http2.connect(`https://${host}`, { createConnection: ((ready) => () => ready)(await secure(["h2"])) });
const stream = second.request({ ":path": "/page" });
day.h2 = await new Promise((resolve, reject) => {
  let text = "";
  stream.setEncoding("utf8").on("data", (piece) => (text += piece)).on("end", () => resolve(text)).on("error", reject).end();
});
second.close();
console.log(JSON.stringify(day));
process.exit(0);
