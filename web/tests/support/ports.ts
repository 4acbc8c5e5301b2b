import { once } from "node:events";
import { createServer, type Server } from "node:net";

/** How many times it looks for ports that follow each other. */
const attempts = 50;

/** The first of so many ports of 127.0.0.1, one after the other, on which nobody listens. */
export async function freePorts(count: number): Promise<number> {
  for (let i = 0; i < attempts; i++) {
    const first = await listen(0);
    const port = portOf(first);
    const rest = await Promise.allSettled(
      Array.from({ length: count - 1 }, (_, after) => listen(port + 1 + after)),
    );
    const free = rest.every(({ status }) => status === "fulfilled");
    for (const result of rest) if (result.status === "fulfilled") await close(result.value);
    await close(first);
    if (free) return port;
  }
  throw new Error(`no ${count} free ports one after the other`);
}

async function listen(port: number): Promise<Server> {
  const server = createServer().listen(port, "127.0.0.1");
  await once(server, "listening"); // an error is thrown
  return server;
}

async function close(server: Server) {
  server.close();
  await once(server, "close");
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
