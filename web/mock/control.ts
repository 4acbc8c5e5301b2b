import type { Route } from "./server.ts";

const commands = ["get", "set", "mget", "incrby", "scan", "subscribe", "exec"];

const clients = Array.from({ length: 64 }, (_, i) => ({
  id: i + 3,
  address: `127.0.0.1:${40_000 + i * 7}`,
  name: i % 4 === 0 ? "" : `worker-${i}`,
  user: i % 9 === 0 ? "reports" : "default",
  protocol: i % 3 === 0 ? 3 : 2,
  database: i % 11 === 0 ? 1 : 0,
  age_nanos: (i + 1) * 127e9,
  idle_nanos: (i * 7919) % 40 === 0 ? 800e9 : i * 13e6,
  command: commands[i % commands.length],
  query_bytes: 20_480,
  reply_bytes: i * 1300,
  subscriptions: commands[i % commands.length] === "subscribe" ? 3 : 0,
  blocked: i === 17,
}));

let slow = Array.from({ length: 30 }, (_, i) => ({
  id: 30 - i,
  time: new Date(Date.now() - i * 47_000).toISOString(),
  took_nanos: 11e6 + ((i * 7919) % 100) * 1e6,
  args:
    i % 3 === 0
      ? ["MGET", ...Array.from({ length: 24 }, (_, k) => `user/${i}${k}/profile`)]
      : ["SCAN", String(i * 1000), "MATCH", "session:*", "COUNT", "10000"],
  client: `127.0.0.1:${40_000 + i}`,
  name: i % 2 === 0 ? "reports" : "",
}));

const parameters = [
  {
    name: "maxmemory",
    value: "536870912",
    live: true,
    about: "How much may be held in memory.",
    type: "size",
  },
  {
    name: "maxmemory-policy",
    value: "noeviction",
    live: false,
    about: "What leaves when memory is full.",
    type: "choice",
    choices: ["noeviction", "allkeys-lru"],
  },
  {
    name: "slowlog-log-slower-than",
    value: "10000",
    live: true,
    about: "From how many microseconds on a command is slow; -1 is never.",
    type: "number",
  },
  {
    name: "slowlog-max-len",
    value: "128",
    live: true,
    about: "How many slow commands are kept.",
    type: "number",
  },
  {
    name: "appendfsync",
    value: "always",
    live: true,
    about: "When writes are on disk.",
    type: "choice",
    choices: ["always", "everysec", "no"],
  },
  {
    name: "--data-dir",
    value: "/var/lib/mantisdb",
    live: false,
    about: "The directory that has the data.",
    type: "text",
  },
  {
    name: "--port",
    value: "8080",
    live: false,
    about: "The port of both protocols.",
    type: "number",
  },
];

export const control: Record<string, Route> = {
  "GET /api/v1/clients": () => ({ clients }),
  "DELETE /api/v1/clients/*": (_request, response, url) => {
    const at = clients.findIndex((client) => url.pathname.endsWith(`/${client.id}`));
    if (at >= 0) clients.splice(at, 1);
    response.writeHead(204).end();
    return undefined;
  },
  "GET /api/v1/slowlog": () => ({ entries: slow }),
  "DELETE /api/v1/slowlog": (_request, response) => {
    slow = [];
    response.writeHead(204).end();
    return undefined;
  },
  "GET /api/v1/config": () => ({ parameters }),
  "PATCH /api/v1/config": (request, response) => {
    let body = "";
    request.on("data", (piece) => (body += piece));
    request.on("end", () => {
      for (const [name, value] of Object.entries(JSON.parse(body) as Record<string, string>)) {
        const parameter = parameters.find((one) => one.name === name);
        if (parameter) parameter.value = value;
      }
      response.writeHead(204).end();
    });
    return undefined;
  },
};
