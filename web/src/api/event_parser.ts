/** One server-sent event. */
export interface ServerEvent {
  type: string;
  data: string;
}

/**
 * EventParser reads a stream of server-sent events that comes in pieces, as the HTML
 * standard has it. Ids and retry times are of no use here and are passed over.
 */
export class EventParser {
  #rest = "";
  #type = "";
  #data: string[] = [];

  /** Returns the events that a piece completes. */
  feed(piece: string): ServerEvent[] {
    const events: ServerEvent[] = [];
    const lines = (this.#rest + piece).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line !== "") {
        this.#field(line);
        continue;
      }
      if (this.#data.length > 0) {
        events.push({ type: this.#type || "message", data: this.#data.join("\n") });
      }
      this.#type = "";
      this.#data = [];
    }
    return events;
  }

  #field(line: string) {
    const colon = line.indexOf(":");
    if (colon === 0) return; // a comment
    const name = colon < 0 ? line : line.slice(0, colon);
    let value = colon < 0 ? "" : line.slice(colon + 1);
    if (value.startsWith(" ")) value = value.slice(1);
    if (name === "event") this.#type = value;
    if (name === "data") this.#data.push(value);
  }
}
