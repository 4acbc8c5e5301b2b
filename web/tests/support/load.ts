import { connect } from "node:net";

/** What is sent at once, and how often: some ten thousand commands a second. */
const burst = 100;
const interval = 10;

/** Keeps a server busy with reads and writes by both protocols, until it is stopped. */
export function startLoad(url: string): { stop(): void; commands(): number } {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on("error", () => {}); // a server that is killed
  socket.resume();
  let sent = 0;
  const timer = setInterval(() => {
    if (socket.destroyed || socket.writableLength > 1 << 20) return;
    let commands = "";
    for (let i = 0; i < burst; i++, sent++) {
      const key = `load/${(sent * 7919) % 20_000}`;
      commands += i % 4 === 0 ? `SET ${key} ${"v".repeat(100)} EX 600\r\n` : `GET ${key}\r\n`;
    }
    socket.write(commands);
    void fetch(`${url}/api/v1/kv/load%2F${sent % 20_000}`).then(
      (r) => r.arrayBuffer(),
      () => {},
    );
  }, interval);
  return {
    commands: () => sent,
    stop() {
      clearInterval(timer);
      socket.destroy();
    },
  };
}
