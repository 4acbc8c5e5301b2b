import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { freePorts } from "./ports.ts";

/** The program under test. */
const program = process.env.MANTISDB ?? new URL("../../../mantisdb-rust", import.meta.url).pathname;

/** A server of its own, on a port of its own, whose data is gone with it. */
export class Server {
  url = "";
  #dir: string;
  #args: string[];
  #process: ChildProcess | undefined;
  #log: string[] = [];

  private constructor(dir: string, args: string[]) {
    this.#dir = dir;
    this.#args = args;
  }

  static async start(...args: string[]): Promise<Server> {
    const server = new Server(await mkdtemp(join(tmpdir(), "mantisdb-web-")), args);
    await server.run();
    return server;
  }

  /** Starts a server with users, in the form of an ACL file. */
  static async withUsers(users: string): Promise<Server> {
    const dir = await mkdtemp(join(tmpdir(), "mantisdb-web-"));
    await writeFile(join(dir, "users.acl"), users);
    const server = new Server(dir, [`--users=${join(dir, "users.acl")}`]);
    await server.run();
    return server;
  }

  /** Starts the only node of a cluster of 16 shards. */
  static async asCluster(): Promise<Server> {
    const peer = `1=127.0.0.1:${await freePorts(2)}`; // the consensus is at the second one
    return Server.start("--cluster-node=1", `--cluster-peers=${peer}`, "--cluster-shards=16");
  }

  /** Starts it, on the port that it had if it was stopped. */
  async run() {
    const port = this.url ? new URL(this.url).port : "0";
    const args = [
      `--port=${port}`,
      `--data-dir=${join(this.#dir, "data")}`,
      "--durability=buffered",
    ];
    const child = spawn(program, [...args, "--log-format=json", ...this.#args], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    this.#process = child;
    for await (const line of createInterface({ input: child.stderr })) {
      this.#log.push(line);
      const told = /"url":"(http:\/\/127\.0\.0\.1:\d+)"/.exec(line);
      if (told) {
        this.url = told[1]!;
        break;
      }
    }
    if (child.exitCode !== null || !this.url)
      throw new Error(`the server did not start: ${this.#log.join("\n")}`);
    child.stderr.resume();
  }

  /** Ends it, as a crash would. */
  async kill() {
    const child = this.#process!;
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  }

  async close() {
    await this.kill();
    await rm(this.#dir, { recursive: true, force: true });
  }

  /** Stores entries by one batch. */
  async put(entries: Record<string, string>) {
    const operations = Object.entries(entries).map(([key_text, value_text]) => ({
      op: "put",
      key_text,
      value_text,
    }));
    const response = await fetch(`${this.url}/api/v1/kv/batch`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ operations }),
    });
    if (!response.ok) throw new Error(await response.text());
  }

  /** The value of a key, null if it is absent. */
  async get(key: string): Promise<string | null> {
    const response = await fetch(`${this.url}/api/v1/kv/${encodeURIComponent(key)}`);
    return response.ok ? response.text() : null;
  }
}
